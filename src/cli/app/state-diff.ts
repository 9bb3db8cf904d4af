import type { AnyReducer } from '../../reducers/catalog.ts'

export interface FieldDiff {
  /** `rows.2.value` */
  readonly path: string
  /** Absent in this state: undefined. */
  readonly own: unknown
  readonly decided: unknown
}

export interface StateDiff {
  /** Bytes that differ, those by which one is longer included. */
  readonly bytes: number
  /** The first of them. */
  readonly first: number
  /** By the reducer's own description of a state; null if it is not at hand or reads only one of the two. */
  readonly fields: readonly FieldDiff[] | null
}

/** Where two states of a height differ. */
export function diffStates(own: Uint8Array, decided: Uint8Array, reducer: AnyReducer | null): StateDiff {
  const length = Math.max(own.length, decided.length)
  const differing = Array.from({ length }, (_, at) => at).filter((at) => own[at] !== decided[at])
  const [mine, theirs] = [own, decided].map((bytes) => reducer?.state.decode(bytes) ?? null)
  const isRead = mine !== null && mine !== undefined && theirs !== null && theirs !== undefined
  return {
    bytes: differing.length,
    first: differing[0] ?? length,
    fields: isRead ? diffFields(leavesOf(mine), leavesOf(theirs)) : null,
  }
}

function diffFields(own: ReadonlyMap<string, unknown>, decided: ReadonlyMap<string, unknown>): FieldDiff[] {
  const paths = [...new Set([...own.keys(), ...decided.keys()])]
  return paths
    .filter((path) => own.get(path) !== decided.get(path))
    .map((path) => ({ path, own: own.get(path), decided: decided.get(path) }))
}

/** Values by path, of plain data. */
function leavesOf(value: unknown, path = ''): Map<string, unknown> {
  if (typeof value !== 'object' || value === null) return new Map([[path, value]])
  const inner = path === '' ? '' : `${path}.`
  return new Map(Object.entries(value).flatMap(([name, field]) => [...leavesOf(field, `${inner}${name}`)]))
}
