/** Ways to break a line of Solidity, and all places of a source where they apply. */

export interface Site {
  readonly file: string
  /** From 1. */
  readonly line: number
  readonly start: number
  readonly length: number
  readonly broken: string
}

const SWAPS: Readonly<Record<string, readonly string[]>> = {
  '+': ['-'],
  '-': ['+'],
  '+=': ['-='],
  '-=': ['+='],
  '*': ['/'],
  '<': ['<='],
  '<=': ['<'],
  '>': ['>='],
  '>=': ['>'],
  '==': ['!='],
  '!=': ['=='],
  '&&': ['||'],
  '||': ['&&'],
}

/** Every way to break one source, in the order of the text. */
export function sitesOf(file: string, text: string): Site[] {
  const sites: Site[] = []
  let offset = 0
  for (const [i, line] of text.split('\n').entries()) {
    const add = (start: number, length: number, broken: string): void => {
      sites.push({ file, line: i + 1, start: offset + start, length, broken })
    }
    if (isCode(line)) breakLine(line, add)
    offset += line.length + 1
  }
  return sites
}

export const apply = (text: string, { start, length, broken }: Site): string =>
  text.slice(0, start) + broken + text.slice(start + length)

const isCode = (line: string): boolean => !/^\s*(\/\/|\/\*|\*|import|pragma|using|event|error)/.test(line)

function breakLine(line: string, add: (start: number, length: number, broken: string) => void): void {
  // operators stand between blanks
  for (const match of line.matchAll(/(?<= )([-+*]=?|[<>]=?|[=!]=|&&|\|\|)(?= )/g))
    for (const broken of SWAPS[match[0]] ?? []) add(match.index, match[0].length, broken)
  // bounds
  for (const match of line.matchAll(/(?<=constant \w+ = )\d+(?=;)/g))
    for (const by of [1n, -1n]) {
      const value = BigInt(match[0]) + by
      if (value >= 0n) add(match.index, match[0].length, value.toString())
    }
  // checks and guards
  const check = /^\s*if \(.*\) revert .*;$/.exec(line)
  if (check !== null) add(0, line.length, '')
  for (const match of line.matchAll(/ (onlyBoard|nonReentrant)(?= )/g)) add(match.index, match[0].length, '')
}
