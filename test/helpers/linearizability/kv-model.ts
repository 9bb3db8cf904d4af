import { toHex } from '../../../src/codec/hex.ts'
import type { KvCommand, KvResult } from '../../../src/reducers/machines/kv-config.ts'
import type { Model } from './check.ts'
import type { History } from './history.ts'

/** A key: its value, or none. */
export interface KvKey {
  readonly value: string | null
  /** 0: there is no such key. Null: a write whose answer nobody has seen gave it, and it is above `above`. */
  readonly version: bigint | null
  /** Greatest version that the key is known to have had. */
  readonly above: bigint
}

/** One key of `kv-config@1`. Versions rise, values are told with their versions, conditions are kept. */
export const kvModel: Model<KvKey, KvCommand, KvResult> = {
  empty: { value: null, version: 0n, above: 0n },
  name: ({ value, version, above }) => `${value ?? ''} ${version ?? '?'} ${above}`,
  next(state, { input, output }) {
    if (output === null) return unseen(state, input)
    const { outcome, version } = output
    const value = toHex(output.value)
    switch (outcome) {
      case 'missing':
        return version === 0n && value === '0x' && input.kind !== 'put' ? absent(state) : []
      case 'conflict': {
        if (input.kind === 'get' || input.version === null || input.version === version) return []
        return version === 0n ? (value === '0x' ? absent(state) : []) : present(state, value, version)
      }
      case 'full':
        return input.kind === 'put' ? [state] : []
      case 'done':
        if (input.kind === 'get') return present(state, value, version)
        if (!mayHold(state, input.version)) return []
        if (input.kind === 'delete')
          return state.value !== null && version === 0n && value === '0x'
            ? [{ value: null, version: 0n, above: state.above }]
            : []
        if (value !== toHex(input.value) || version <= state.above) return []
        return [{ value, version, above: version }]
    }
  },
}

function unseen(state: KvKey, input: KvCommand): readonly KvKey[] {
  const conflicts = input.kind !== 'get' && !mayHold(state, input.version)
  if (input.kind === 'get' || conflicts) return [state]
  const done: KvKey =
    input.kind === 'delete'
      ? { ...state, value: null, version: 0n }
      : { value: toHex(input.value), version: null, above: state.above }
  return input.version === null ? [done] : [done, state]
}

/** Whether a condition may be kept. */
function mayHold({ version, above }: KvKey, condition: bigint | null): boolean {
  if (condition === null || condition === version) return true
  return version === null && condition > above
}

function absent(state: KvKey): readonly KvKey[] {
  return state.value === null ? [state] : []
}

/** The state, if the key may have this value and version. */
function present(state: KvKey, value: string, version: bigint): readonly KvKey[] {
  if (state.value !== value) return []
  if (state.version === version) return [state]
  return state.version === null && version > state.above ? [{ value, version, above: version }] : []
}

/**
 * Versions are numbers in the one log of all keys: of two writes of which one had ended before the other began, the later has the
 * greater one, whatever their keys, and no two writes share one.
 *
 * @returns what is wrong, or null
 */
export function checkVersions(history: History<KvCommand, KvResult>): string | null {
  const writes = history
    .flatMap(({ input, output, invokedAt, returnedAt }) =>
      input.kind === 'put' && output?.outcome === 'done'
        ? [{ invokedAt, returnedAt, version: output.version }]
        : [],
    )
    .sort((a, b) => (a.version < b.version ? -1 : 1))
  for (const [i, { version, returnedAt }] of writes.entries()) {
    if (version === writes[i - 1]?.version) return `two writes have version ${version}`
    const late = writes.slice(0, i).find(({ invokedAt }) => invokedAt > returnedAt)
    if (late !== undefined) return `version ${late.version} was asked for after ${version} was there`
  }
  return null
}
