import { keccak } from '../codec/hex.ts'
import type { RunnerResult } from '../ports/reducer-runner.ts'
import type { EngineInput } from '../protocol/io.ts'

/** What the engine is told of a reducer's answer: a result, none, or that it lost the timed mutex. */
export function answerOf(token: number, result: RunnerResult | null): EngineInput {
  if (result === null) return { kind: 'aggregated', token, result: null }
  if (result.ok) {
    const { state } = result
    return { kind: 'aggregated', token, result: { state, stateHash: keccak(state) } }
  }
  const lost = result.code === 'timedOut' || result.code === 'crashed'
  return lost ? { kind: 'expired', token } : { kind: 'aggregated', token, result: null }
}
