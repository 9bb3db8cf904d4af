import { isAbsolute, join } from 'node:path/posix'

/** What a container file is held against. */
export interface ContainerFacts {
  /** Whether a path is in the repository. */
  readonly has: (path: string) => boolean
  /** Of the context: what `.dockerignore` says. */
  readonly ignore: string
  /** Node that the launcher brings. */
  readonly nodeVersion: string
  /** Program of the package, below its folder. */
  readonly program: string
}

interface Instruction {
  readonly name: string
  readonly rest: string
}

interface Stage {
  readonly name: string
  readonly base: string
  readonly steps: readonly Instruction[]
}

/** Instructions of a container file, with lines joined and comments left out. */
export function instructionsOf(text: string): Instruction[] {
  return text
    .replaceAll(/^\s*#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [, name = '', rest = ''] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? []
      if (name === '') throw new Error(`no instruction: ${line}`)
      return { name, rest: rest.trim() }
    })
}

/** The stages; ARG before the first of them is filled in. */
export function stagesOf(text: string): Stage[] {
  const values = new Map<string, string>()
  const stages: (Stage & { steps: Instruction[] })[] = []
  for (const { name, rest } of instructionsOf(text)) {
    const [, argument = '', value = ''] = /^(\w+)=(.*)$/.exec(rest) ?? []
    if (name === 'ARG' && stages.length === 0) values.set(argument, value)
    else if (name === 'FROM') {
      const [base = '', , as = ''] = rest.split(/\s+/)
      stages.push({
        name: as,
        base: base.replace(/\$\{(\w+)\}/, (_, key: string) => values.get(key) ?? ''),
        steps: [],
      })
    } else stages.at(-1)?.steps.push({ name, rest })
  }
  return stages
}

/** What is wrong with a container file, as far as that is seen without building it. */
export function containerProblems(text: string, facts: ContainerFacts): string[] {
  const stages = stagesOf(text)
  const last = stages.at(-1)
  if (last === undefined || stages.length < 2) return ['it has not several stages']
  return [
    ...stages.flatMap(({ base, name }) => baseProblems(base, name, facts)),
    ...stages.flatMap((stage, at) => copyProblems(stage, stages.slice(0, at), facts)),
    ...contextProblems(stages, facts),
    ...userProblems(last),
    ...programProblems(last, facts),
    ...(/(passw|secret|token|private.?key)\w*=/i.test(text) ? ['a secret is built in'] : []),
  ]
}

const of = ({ steps }: Stage, name: string): string[] =>
  steps.filter((step) => step.name === name).map(({ rest }) => rest)

function baseProblems(base: string, name: string, { nodeVersion }: ContainerFacts): string[] {
  const isPinned = base.endsWith(`/node:${nodeVersion}-bookworm-slim`) || /@sha256:[0-9a-f]{64}$/.test(base)
  return isPinned ? [] : [`stage ${name} stands on ${base}, not on the Node of the launcher, ${nodeVersion}`]
}

/** Of a COPY: the stage it is from, and what it takes. */
function copied(rest: string): { readonly from: string | null; readonly sources: readonly string[] } {
  const words = rest.split(/\s+/)
  const from = words[0]?.startsWith('--from=') === true ? words.shift()!.slice('--from='.length) : null
  return { from, sources: words.slice(0, -1) }
}

function copyProblems(stage: Stage, earlier: readonly Stage[], { has }: ContainerFacts): string[] {
  return of(stage, 'COPY').flatMap((rest) => {
    const { from, sources } = copied(rest)
    if (from === null) {
      const missing = sources.filter((source) => !has(source))
      return missing.map((source) => `${source} is not in the repository`)
    }
    const other = earlier.find(({ name }) => name === from)
    if (other === undefined) return [`there is no stage ${from} before`]
    const folder = of(other, 'WORKDIR').at(-1) ?? '/'
    return sources
      .filter((source) => !isAbsolute(source) || !source.startsWith(join(folder, '/')))
      .map((source) => `${source} is not in ${folder} of ${from}`)
  })
}

/** The context holds exactly what is copied. */
function contextProblems(stages: readonly Stage[], { ignore }: ContainerFacts): string[] {
  const lines = ignore.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  const shown = new Set(lines.slice(1).map((line) => line.replace(/^!/, '')))
  const taken = new Set(
    stages
      .flatMap((stage) => of(stage, 'COPY').map(copied))
      .flatMap(({ from, sources }) => (from === null ? sources : [])),
  )
  return [
    ...(lines[0] === '*' && lines.slice(1).every((line) => line.startsWith('!'))
      ? []
      : ['the context is not a list']),
    ...[...taken].filter((source) => !shown.has(source)).map((source) => `${source} is not in the context`),
    ...[...shown]
      .filter((source) => !taken.has(source))
      .map((source) => `${source} is in the context for nothing`),
  ]
}

function userProblems(last: Stage): string[] {
  const user = of(last, 'USER').at(-1)
  const steps = last.steps.map(({ name }) => name)
  return [
    ...(user !== undefined && /^[1-9]\d*(:[1-9]\d*)?$/.test(user)
      ? []
      : ['it does not run as a user with a number other than 0']),
    ...(steps.lastIndexOf('USER') > steps.lastIndexOf('RUN') ? [] : ['something is run after USER']),
  ]
}

/** Words of an instruction in the form that no shell reads. */
export const wordsOf = (rest: string): string[] => {
  const [list = '[]'] = /\[.*\]$/.exec(rest) ?? []
  return JSON.parse(list) as string[]
}

function programProblems(last: Stage, { program }: ContainerFacts): string[] {
  const [entry] = of(last, 'ENTRYPOINT').map(wordsOf)
  const [command] = of(last, 'CMD').map(wordsOf)
  const [health] = of(last, 'HEALTHCHECK').map(wordsOf)
  const [volume] = of(last, 'VOLUME')
  const dataDir = (words: readonly string[] | undefined): string | undefined =>
    words?.[words.indexOf('--data-dir') + 1]
  const link = of(last, 'RUN')
    .join(' ')
    .match(/ln -s (\S+) \/usr\/local\/bin\/rsdp\b/)?.[1]
  return [
    ...(entry?.join(' ') === 'rsdp' && link?.endsWith(`/${program}`) === true
      ? []
      : ['it does not start the program of the package']),
    ...(command?.slice(0, 2).join(' ') === 'node run' ? [] : ['it does not run a node']),
    ...(health?.slice(0, 3).join(' ') === 'rsdp node status' ? [] : ['its health is not what the node says']),
    ...(volume !== undefined && dataDir(command) === volume && dataDir(health) === volume
      ? []
      : ['the data directory is not a volume']),
  ]
}
