import { keccak } from '../codec/hex.ts'
import type { RunnerResult } from '../ports/reducer-runner.ts'
import type { EngineInput } from '../protocol/io.ts'

/** Faults that say something about this machine or this moment. The others are the same on every machine. */
const LOCAL: ReadonlySet<string> = new Set<(RunnerResult & { readonly ok: false })['code']>([
  'busy',
  'stopped',
  'unknownReducer',
  'nondeterministic',
  'hostStack',
  'hostMemory',
])

/** What the engine is told of a reducer's answer: a result, none, or that it lost the timed mutex. */
export function answerOf(token: number, result: RunnerResult | null): EngineInput {
  if (result === null) return { kind: 'aggregated', token, result: null }
  if (result.ok) {
    const { state } = result
    return { kind: 'aggregated', token, result: { state, stateHash: keccak(state) } }
  }
  if (result.code === 'timedOut' || result.code === 'crashed') return { kind: 'expired', token }
  return { kind: 'aggregated', token, result: null, isVerdict: !LOCAL.has(result.code) }
}
