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

  /** Takes an event of any node; a line if there is something to say about the liar. */
  take(node: string, { event, facts }: NodeEvent): string | null {
    if (node !== this.name) return null
    switch (event) {
      case 'fault.active':
        this.isActive = true
        return null
      case 'task.running':
        this.seat = Number(facts['member'])
        return null
      case 'fault.acted': {
        const lie = this.untold.find(
          ({ fault, height }) => fault === facts['fault'] && height === facts['height'],
        )
        if (lie === undefined) return null
        this.#told.add(lie)
        return `lie      height ${String(lie.height)}: ${this.name} ${lie.text}`
      }
      default:
        return null
    }
  }
}
