/** Writes that are known, by author: all up to a number. */
export type Clock = ReadonlyMap<string, number>

/** One write of a key: the `number`-th of its author. */
export interface Version {
  readonly author: string
  readonly number: number
  /** Null: a deletion. */
  readonly value: Uint8Array | null
}

/** A key at one copy: the writes that no other write has seen and replaced, and all that were ever merged in. */
export interface KeyState {
  /** By author, then by number. */
  readonly versions: readonly Version[]
  readonly context: Clock
}

export const NO_CLOCK: Clock = new Map()
export const NO_KEY: KeyState = { versions: [], context: NO_CLOCK }

export function covers(clock: Clock, { author, number }: Pick<Version, 'author' | 'number'>): boolean {
  return (clock.get(author) ?? 0) >= number
}

/** Whether everything in `a` is in `b`. */
export function isWithin(a: Clock, b: Clock): boolean {
  return [...a].every(([author, number]) => covers(b, { author, number }))
}

export function later(a: Clock, b: Clock): Clock {
  const all = new Map(a)
  for (const [author, number] of b) all.set(author, Math.max(all.get(author) ?? 0, number))
  return all
}

/** The key after a write: it replaces what its writer has seen, and stands beside the rest. */
export function written({ versions, context }: KeyState, seen: Clock, version: Version): KeyState {
  const { author, number } = version
  return {
    versions: ordered([...versions.filter((one) => !covers(seen, one)), version]),
    context: later(context, new Map([...seen, [author, number]])),
  }
}

/**
 * Two copies of a key as one: a write goes if the other copy has seen it and does not have it any more. The order of merging
 * and how often does not matter; nothing is dropped that nobody has replaced.
 */
export function merged(a: KeyState, b: KeyState): KeyState {
  const has = (list: readonly Version[], { author, number }: Version): boolean =>
    list.some((one) => one.author === author && one.number === number)
  const kept = a.versions.filter((one) => has(b.versions, one) || !covers(b.context, one))
  const added = b.versions.filter((one) => !has(a.versions, one) && !covers(a.context, one))
  return { versions: ordered([...kept, ...added]), context: later(a.context, b.context) }
}

function ordered(versions: readonly Version[]): Version[] {
  return versions.toSorted((a, b) =>
    a.author === b.author ? a.number - b.number : a.author < b.author ? -1 : 1,
  )
}
