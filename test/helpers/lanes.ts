/** Does work as soon as a lane is free, in the order in which it was asked for. */
export type Lanes = <Result>(work: () => Promise<Result>) => Promise<Result>

/** At most `count` pieces of work at a time. */
export function makeLanes(count: number): Lanes {
  let free = count
  const waiting: (() => void)[] = []
  return async (work) => {
    if (free > 0) free -= 1
    else await new Promise<void>((resolve) => void waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next === undefined) free += 1
      else next()
    }
  }
}
