import { floorDiv, log2Ratio } from './fixed.ts'

/** How often each event of one kind was seen. */
export interface Counts {
  readonly total: number
  readonly of: ReadonlyMap<string, number>
}

/** What somebody does: words, runs of three letters, and which action follows which (first-order Markov). */
export type Profile = readonly [words: Counts, letters: Counts, steps: Counts]

/** Weights of the three kinds, in tenths. */
const WEIGHTS = [10, 10, 1] as const
/** An event that was never seen counts as 1/500 of one. */
const SMOOTHING = 500
/** Letters of an action beyond this are not looked at. */
const LETTERS_MAX = 60

/** @param actions signed actions in their order, as text; they are text and nothing else */
export function profileOf(actions: readonly string[]): Profile {
  const [words, letters, steps] = eventsOf(actions)
  return [countsOf(words), countsOf(letters), countsOf(steps)]
}

/** All profiles together. */
export function poolOf(profiles: readonly Profile[]): Profile {
  const sum = (kind: 0 | 1 | 2): Counts => {
    const of = new Map<string, number>()
    let total = 0
    for (const profile of profiles) {
      total += profile[kind].total
      for (const [event, count] of profile[kind].of) of.set(event, (of.get(event) ?? 0) + count)
    }
    return { total, of }
  }
  return [sum(0), sum(1), sum(2)]
}

/**
 * How much more likely a block of actions is from somebody of the pool than from oneself: the mean over its events of the binary
 * logarithm of that ratio in 1/65,536, kinds weighted 10 : 10 : 1. Above 0 speaks for another hand.
 *
 * @param self profile of the one who signed; @param pool profiles of all, oneself included
 */
export function insiderScore(actions: readonly string[], self: Profile, pool: Profile): number {
  return eventsOf(actions).reduce((sum, events, kind) => {
    const total = events.reduce((part, event) => part + surprise(event, self[kind], pool[kind]), 0)
    return sum + (WEIGHTS[kind] ?? 0) * floorDiv(total, Math.max(1, events.length))
  }, 0)
}

/** Words of a block that speak most for another hand, with their logarithms in 1/65,536, the loudest first. */
export function insiderReasons(
  actions: readonly string[],
  self: Profile,
  pool: Profile,
  most: number,
): readonly (readonly [word: string, surprise: number])[] {
  const words = new Set(eventsOf(actions)[0])
  return [...words]
    .map((word) => [word, surprise(word, self[0], pool[0])] as const)
    .sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
    .slice(0, most)
}

/** log₂ of P(event | pool without oneself) / P(event | self). */
function surprise(event: string, self: Counts | undefined, pool: Counts | undefined): number {
  const own = self?.of.get(event) ?? 0
  const others = (pool?.of.get(event) ?? 0) - own
  const ownTotal = self?.total ?? 0
  const otherTotal = (pool?.total ?? 0) - ownTotal
  const kinds = (pool?.of.size ?? 0) + 1
  return (
    log2Ratio(SMOOTHING * others + 1, SMOOTHING * otherTotal + kinds) +
    log2Ratio(SMOOTHING * ownTotal + kinds, SMOOTHING * own + 1)
  )
}

function eventsOf(
  actions: readonly string[],
): readonly [words: string[], letters: string[], steps: string[]] {
  const words = actions.map((action) => action.split(/\s+/).filter((word) => word !== ''))
  const letters = actions.flatMap((action) => {
    const text = ` ${action.trim()} `.slice(0, LETTERS_MAX + 2)
    return Array.from({ length: Math.max(0, text.length - 2) }, (_, at) => text.slice(at, at + 3))
  })
  const steps = words.slice(1).map((action, place) => `${words[place]?.[0] ?? ''} ${action[0] ?? ''}`)
  return [words.flat(), letters, steps]
}

function countsOf(events: readonly string[]): Counts {
  const of = new Map<string, number>()
  for (const event of events) of.set(event, (of.get(event) ?? 0) + 1)
  return { total: events.length, of }
}
