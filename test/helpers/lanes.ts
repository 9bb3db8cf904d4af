/** Does work as soon as a lane is free, in the order in which it was asked for. */
export type Lanes = <Result>(work: () => Promise<Result>) => Promise<Result>

/** Lanes of which there may be more where the machine has nothing to do. */
export interface ElasticLanes {
  readonly inLane: Lanes
  /** Begins the next piece of work beside those of all lanes. The lane that it makes ends with it. */
  readonly addOne: () => void
}

/** At most `count` pieces of work at a time. */
export function makeLanes(count: number): Lanes {
  return makeElasticLanes(count, count).inLane
}

/** At most `count` pieces of work at a time, and up to `max` by `addOne`. */
export function makeElasticLanes(count: number, max: number): ElasticLanes {
  let running = 0
  const waiting: (() => void)[] = []
  const begin = (): void => {
    const next = waiting.shift()
    if (next === undefined) return
    running += 1
    next()
  }
  return {
    inLane: async (work) => {
      await new Promise<void>((resolve) => {
        waiting.push(resolve)
        if (running < count) begin()
      })
      try {
        return await work()
      } finally {
        running -= 1
        if (running < count) begin()
      }
    },
    addOne: () => {
      if (running < max) begin()
    },
  }
}
