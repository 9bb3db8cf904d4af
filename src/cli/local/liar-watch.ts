import type { NodeEvent } from './node-process.ts'

/** A misbehaviour, planned for the first heights of a range in which the liar comes to speak at all. */
export interface Lie {
  /** Its name in `--fault`. */
  readonly fault: string
  readonly from: number
  readonly to: number
  /** What it is, in a sentence about the liar. */
  readonly text: string
  /** What it costs: the share of the lock that is due once it is proved, per cent. */
  readonly percent: number
}

/** What the chain said of a conviction, as the nodes read it. */
interface Conviction {
  readonly member: number
  readonly offence: string
  readonly percent: number
  readonly reporter: string
  readonly block: number
}

/** What the nodes' logs tell about one that lies on purpose. */
export class LiarWatch {
  /** Its node's name. */
  readonly name: string
  readonly #lies: readonly Lie[]
  /** Height at which each lie was told first. */
  readonly #told = new Map<Lie, number>()
  /** It has said itself that it misbehaves. */
  isActive = false
  /** All convictions that any node has read, by block and member. */
  readonly #convictions = new Map<string, Conviction>()
  /** Nodes that found evidence by themselves. */
  readonly #finders = new Set<string>()
  #reported = 0
  /** Its place in the cluster; null before it is drawn. */
  seat: number | null = null

  constructor(name: string, lies: readonly Lie[]) {
    this.name = name
    this.#lies = lies
  }

  /** `--fault` of its node. */
  get fault(): string {
    return this.#lies.map(({ fault, from, to }) => `${fault}:${String(from)}-${String(to)}`).join(',')
  }

  /** Lies that it has told so far, with the height of the first time. */
  get told(): readonly { readonly fault: string; readonly height: number; readonly text: string }[] {
    return this.#lies.flatMap((lie) => {
      const height = this.#told.get(lie)
      return height === undefined ? [] : [{ fault: lie.fault, height, text: lie.text }]
    })
  }

  /** Lies that it has not told. */
  get untold(): readonly Lie[] {
    return this.#lies.filter((lie) => !this.#told.has(lie))
  }

  /** Convictions in order of block. */
  get convictions(): readonly Conviction[] {
    return [...this.#convictions.values()].sort((a, b) => a.block - b.block)
  }

  /** Lies that nobody has been convicted of. */
  get unpunished(): readonly Lie[] {
    const shares = new Set(this.convictions.map(({ percent }) => percent))
    return this.#lies.filter(({ percent }) => !shares.has(percent))
  }

  /** Takes an event of any node. */
  take(node: string, { event, facts }: NodeEvent): void {
    if (event === 'evidence.found') this.#finders.add(node)
    if (event === 'member.convicted') {
      const conviction = facts as unknown as Conviction
      this.#convictions.set(`${String(conviction.block)}/${String(conviction.member)}`, conviction)
    }
    if (node !== this.name) return
    if (event === 'fault.active') this.isActive = true
    if (event === 'task.running') this.seat = Number(facts['member'])
    if (event === 'fault.acted') {
      const lie = this.#lies.find(({ fault }) => fault === facts['fault'])
      if (lie !== undefined && !this.#told.has(lie)) this.#told.set(lie, Number(facts['height']))
    }
  }

  /** What it did at a height, a line each. */
  linesOf(height: number): string[] {
    return this.told
      .filter((lie) => lie.height === height)
      .map(({ text }) => `lie      height ${String(height)}: ${this.name} ${text}`)
  }

  /** Convictions that were not told of before, a line each. */
  newConvictions(): string[] {
    const fresh = this.convictions.slice(this.#reported)
    this.#reported += fresh.length
    return fresh.map(
      ({ member, offence, percent, reporter, block }) =>
        `caught   seat ${String(member)} convicted of ${offence} in block ${String(block)}: ${String(percent)} % of its lock;` +
        ` proof by ${reporter}, evidence found by ${String(this.#finders.size)} nodes`,
    )
  }
}
