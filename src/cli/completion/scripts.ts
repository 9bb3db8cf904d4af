import type { CompletedPlace } from './tree.ts'

export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

/** The script that completes `rsdp` in a shell. Names of commands and flags are letters, digits and dashes. */
export function completionScript(shell: Shell, places: readonly CompletedPlace[]): string {
  return SCRIPTS[shell](places)
}

const SCRIPTS: Readonly<Record<Shell, (places: readonly CompletedPlace[]) => string>> = { bash, zsh, fish }

const wordsOf = ({ commands, choices, flags }: CompletedPlace): string =>
  [...commands.map(({ name }) => name), ...choices, ...flags.map(({ long }) => long)].join(' ')

/** Patterns of the places below `rsdp` itself. */
const patterns = (places: readonly CompletedPlace[], between: string, quote: string): string =>
  places.flatMap(({ at }) => (at === '' ? [] : [`${quote}${at}${quote}`])).join(between)

const cases = (places: readonly CompletedPlace[], line: (words: string) => string): string =>
  places.map((place) => `    "${place.at}") ${line(wordsOf(place))} ;;`).join('\n')

function bash(places: readonly CompletedPlace[]): string {
  return `# completion of rsdp for bash: source <(rsdp completion bash)
_rsdp() {
  local at="" words="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$at \${COMP_WORDS[i]}" in
      ${patterns(places, '|', '"')}) at="$at \${COMP_WORDS[i]}" ;;
    esac
  done
  case "$at" in
${cases(places, (words) => `words="${words}"`)}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _rsdp rsdp`
}

function zsh(places: readonly CompletedPlace[]): string {
  return `# completion of rsdp for zsh, after compinit: source <(rsdp completion zsh)
_rsdp() {
  local at="" word
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "$at $word" in
      ${patterns(places, '|', '"')}) at="$at $word" ;;
    esac
  done
  case "$at" in
${cases(places, (words) => `compadd -- ${words}`)}
  esac
  _files
}
compdef _rsdp rsdp`
}

function fish(places: readonly CompletedPlace[]): string {
  const said = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
  const lines = places.flatMap(({ at, commands, choices, flags }) => {
    const complete = `complete -c rsdp -n "__rsdp_at '${at}'"`
    return [
      ...commands.map(({ name, about }) => `${complete} -a ${name} -d ${said(about)}`),
      ...choices.map((name) => `${complete} -a ${name}`),
      ...flags.map(
        ({ long, takesValue, about }) =>
          `${complete} -l ${long.slice(2)}${takesValue ? ' -r' : ''} -d ${said(about)}`,
      ),
    ]
  })
  return `# completion of rsdp for fish: rsdp completion fish | source
function __rsdp_at
  set -l at ""
  for word in (commandline -opc)[2..-1]
    switch "$at $word"
      case ${patterns(places, ' ', "'")}
        set at "$at $word"
    end
  end
  test "$at" = "$argv[1]"
end
${lines.join('\n')}`
}
