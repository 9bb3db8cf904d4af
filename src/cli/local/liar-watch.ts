import type { NodeEvent } from './node-process.ts'

/** A misbehaviour at one height. */
export interface Lie {
  /** Its name in `--fault`. */
  readonly fault: string
  readonly height: number
  /** What it is, in a sentence about the liar. */
  readonly text: string
}

/** What the nodes' logs tell about one that lies on purpose. */
export class LiarWatch {
  /** Its node's name. */
  readonly name: string
  readonly #lies: readonly Lie[]
  readonly #told = new Set<Lie>()
  /** It has said itself that it misbehaves. */
  isActive = false
  /** Its place in the cluster; null before it is drawn. */
  seat: number | null = null

  constructor(name: string, lies: readonly Lie[]) {
    this.name = name
    this.#lies = lies
  }

  /** `--fault` of its node. */
  get fault(): string {
    return this.#lies.map(({ fault, height }) => `${fault}:${String(height)}`).join(',')
  }

  /** Lies that it has told so far, in order of height. */
  get told(): readonly Lie[] {
    return this.#lies.filter((lie) => this.#told.has(lie))
  }

  /** Lies that it has not told. */
  get untold(): readonly Lie[] {
    return this.#lies.filter((lie) => !this.#told.has(lie))
  }

  /** Takes an event of any node. */
  take(node: string, { event, facts }: NodeEvent): void {
    if (node !== this.name) return
    if (event === 'fault.active') this.isActive = true
    if (event === 'task.running') this.seat = Number(facts['member'])
    if (event === 'fault.acted') {
      const { fault, height } = facts
      for (const lie of this.#lies) if (lie.fault === fault && lie.height === height) this.#told.add(lie)
    }
  }

  /** What it did at a height, a line each. */
  linesOf(height: number): string[] {
    return this.told
      .filter((lie) => lie.height === height)
      .map(({ text }) => `lie      height ${String(height)}: ${this.name} ${text}`)
  }
}
