/** A command of a page that is to be typed as it stands, in order. */
export interface DocStep {
  readonly page: string
  readonly command: string
  /** What its comment says: `# exit 3: …`; else 0. */
  readonly exit: number
  /** Ends in `&`: it goes on while the next one is typed. */
  readonly isBackground: boolean
  /** False in a block that is marked `sh no-run`: the page says why. */
  readonly isRun: boolean
  /** Lines that the page shows of its output, each in the parts that are not left out. */
  readonly shown: readonly (readonly string[])[]
}

/**
 * Commands of a page by its blocks: `sh` is typed, `sh no-run` is not, `text` right after shows output of the last one,
 * with … for what differs; `solidity` is to be read. Blocks of other kinds would be none of that.
 */
export function stepsOf(page: string, markdown: string): DocStep[] {
  const steps: DocStep[] = []
  for (const [, kind, content = ''] of markdown.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)) {
    if (kind === 'sh' || kind === 'sh no-run') {
      const commands = content.split(/(?<!\\)\n/).filter((command) => command.trim() !== '')
      steps.push(...commands.map((command) => step(page, command, kind === 'sh')))
    } else if (kind === 'text') {
      const last = steps.pop()
      if (last?.isRun !== true) throw new Error(`${page}: output of nothing that is run: ${content}`)
      const shown = content.trim().split('\n').map(partsOf)
      steps.push({ ...last, shown })
    } else if (kind !== 'solidity')
      throw new Error(`${page}: a block is sh, sh no-run, text or solidity, not '${kind ?? ''}'`)
  }
  return steps
}

function step(page: string, command: string, isRun: boolean): DocStep {
  const [, exit = '0'] = /# .*\bexit (\d+)/.exec(command) ?? []
  const isBackground = /&( *#.*)?$/.test(command)
  return { page, command, exit: Number(exit), isBackground, isRun, shown: [] }
}

const partsOf = (line: string): string[] =>
  line
    .split('…')
    .map((part) => part.trim())
    .filter((part) => part !== '')

/** Lines of which none of the output's lines has all parts, in order. */
export function missingFrom(output: string, { shown }: DocStep): string[] {
  const lines = output.split('\n')
  const has = (line: string, parts: readonly string[]): boolean => {
    let at = 0
    return parts.every((part) => {
      const found = line.indexOf(part, at)
      at = found + part.length
      return found >= 0
    })
  }
  return shown.filter((parts) => !lines.some((line) => has(line, parts))).map((parts) => parts.join(' … '))
}
