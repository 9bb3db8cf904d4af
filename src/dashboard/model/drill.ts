/** What somebody does to a node of a network on their own machine, to see what the others make of it. */
export const DRILLS = ['pause', 'go-on', 'kill', 'start', 'lie'] as const
export type Drill = (typeof DRILLS)[number]

export interface DrillAsk {
  readonly node: string
  readonly drill: Drill
  /** Of `lie`: name of a misbehaviour. */
  readonly fault?: string
}

export type NodeState = 'runs' | 'paused' | 'killed'

export interface DrillAnswer {
  readonly nodes: readonly {
    readonly node: string
    readonly state: NodeState
    /** Misbehaviour that it was started with; null: none. */
    readonly fault: string | null
  }[]
  /** Names of misbehaviours. */
  readonly faults: readonly string[]
}

/** What can be done to a node in a state. */
export function drillsFor(state: NodeState): readonly Drill[] {
  switch (state) {
    case 'runs':
      return ['pause', 'kill', 'lie']
    case 'paused':
      return ['go-on', 'kill']
    case 'killed':
      return ['start', 'lie']
  }
}
