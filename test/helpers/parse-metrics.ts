/** A value that was scraped. */
export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/**
 * Reads the Prometheus text format 0.0.4 strictly, written apart from what writes it. Throws for any line that the format
 * does not have, for a sample without a type, and for one that comes twice.
 */
export function parseMetrics(text: string): {
  readonly samples: readonly Sample[]
  readonly types: Readonly<Record<string, string>>
  readonly helps: Readonly<Record<string, string>>
} {
  if (!text.endsWith('\n')) throw new Error('the last line has no end')
  const samples: Sample[] = []
  const types: Record<string, string> = {}
  const helps: Record<string, string> = {}
  const seen = new Set<string>()
  for (const line of text.slice(0, -1).split('\n')) {
    const help = /^# HELP ([a-zA-Z_:][\w:]*) (.*)$/.exec(line)
    const type = /^# TYPE ([a-zA-Z_:][\w:]*) (counter|gauge|histogram)$/.exec(line)
    if (help !== null) helps[help[1]!] = unescape(help[2]!)
    else if (type !== null) types[type[1]!] = type[2]!
    else samples.push(sampleOf(line))
  }
  for (const { name, labels } of samples) {
    const family = types[name] === undefined ? name.replace(/_(bucket|sum|count)$/, '') : name
    if (types[family] === undefined || helps[family] === undefined)
      throw new Error(`${name} has no type or help`)
    const key = JSON.stringify([name, Object.entries(labels).sort()])
    if (seen.has(key)) throw new Error(`${key} comes twice`)
    seen.add(key)
  }
  return { samples, types, helps }
}

function sampleOf(line: string): Sample {
  const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line)
  if (match === null) throw new Error(`no sample: ${line}`)
  const [, name = '', pairs = '', text = ''] = match
  const labels: Record<string, string> = {}
  let rest = pairs
  while (rest !== '') {
    const pair = /^([a-zA-Z_]\w*)="((?:[^"\\]|\\[\\n"])*)"(?:,|$)/.exec(rest)
    if (pair === null) throw new Error(`no labels: ${rest}`)
    labels[pair[1]!] = unescape(pair[2]!)
    rest = rest.slice(pair[0].length)
  }
  const value = text === '+Inf' ? Infinity : text === '-Inf' ? -Infinity : Number(text)
  if (Number.isNaN(value) && text !== 'NaN') throw new Error(`no number: ${text}`)
  return { name, labels, value }
}

const unescape = (text: string): string =>
  text.replace(/\\(.)/g, (_, one: string) => (one === 'n' ? '\n' : one))
