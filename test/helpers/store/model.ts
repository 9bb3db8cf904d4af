import { fromHex, toHex, utf8Hex } from '../../../src/codec/hex.ts'
import type { KvCommand, KvResult } from '../../../src/reducers/machines/kv-config.ts'
import type { Result, Write } from '../../../src/services/store/types.ts'
import type { Model } from '../linearizability/check.ts'
import { kvModel } from '../linearizability/kv-model.ts'
import type { KvKey } from '../linearizability/kv-model.ts'

/** One key of a strong store: as one of `kv-config@1`, but a conflict tells the version alone. */
export const storeModel: Model<KvKey, KvCommand, KvResult> = {
  ...kvModel,
  next(state, operation) {
    const { input, output } = operation
    if (output?.outcome !== 'conflict') return kvModel.next(state, operation)
    const { version } = output
    if (input.kind === 'get' || input.version === null || input.version === version) return []
    if (version === 0n) return state.value === null ? [state] : []
    if (state.value === null) return []
    if (state.version === version) return [state]
    return state.version === null && version > state.above ? [{ ...state, version, above: version }] : []
  },
}

export type StoreInput =
  { readonly kind: 'get'; readonly key: string } | Extract<Write, { readonly key: string }>

/** A request in the words of the model. */
export function inputOf(request: StoreInput): KvCommand {
  const key = utf8Hex(request.key)
  if (request.kind === 'get') return { kind: 'get', key }
  const version = request.version === null ? null : BigInt(request.version)
  return request.kind === 'put'
    ? { kind: 'put', key, version, value: request.value }
    : { kind: 'delete', key, version }
}

/** An answer in the words of the model: it tells the value that a write has written. */
export function outputOf(input: KvCommand, { outcome, version, value }: Result): KvResult {
  if (outcome === 'over' || outcome === 'locked') throw new Error('an outcome that nobody knows')
  const written = outcome === 'done' && input.kind === 'put' ? fromHex(toHex(input.value)) : value
  return { outcome, version: BigInt(version), value: written }
}
