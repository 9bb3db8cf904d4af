import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** A command as a page shows it. */
export interface DocCommand {
  readonly page: string
  /** Without what is said about it behind. */
  readonly text: string
  /** In a block of its own, nothing left out: it can be typed as it stands. */
  readonly isWhole: boolean
}

/** Commands in the code blocks and in the inline code of a page, in order; a path from the project's root. */
export function commandsIn(page: string): DocCommand[] {
  const text = readFileSync(fileURLToPath(new URL(`../../${page}`, import.meta.url)), 'utf8')
  // of every kind, so that the end of one is not taken for the beginning of the next
  const blocks = [...text.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)].flatMap(([, kind, block = '']) =>
    /^(sh( no-run)?)?$/.test(kind ?? '') ? [block] : [],
  )
  const lines = blocks.flatMap((block) => block.replaceAll(/ *\\\n */g, ' ').split('\n'))
  const prose = text.replaceAll(/^```[\s\S]*?^```$/gm, '')
  const inline = [...prose.matchAll(/`([^`\n]+)`/g)].map(([, code]) => code ?? '')
  const commands = (code: readonly string[], isBlock: boolean): DocCommand[] =>
    code
      .filter((line) => /^(\.\/rsdp|npx rsdp|rsdp|npm) \S/.test(line))
      .map((line) => ({ page, text: withoutTalk(line), isWhole: isBlock && !line.includes('…') }))
  return [...commands(lines, true), ...commands(inline, false)]
}

/** What follows a command after two blanks or more is about it; in the words of a script only behind a #. */
function withoutTalk(line: string): string {
  return line.replace(line.includes('--script') ? / +#.*$/ : / {2,}.*$| +#.*$/, '')
}
