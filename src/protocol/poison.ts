import { concatHex, keccak, uint } from '../codec/hex.ts'
import type { Digest, MemberIndex } from '../types/ids.ts'
import type { SignedInput } from '../types/objects.ts'
import { isQuorum, weightOf } from './quorum.ts'
import type { EngineConfig } from './state.ts'
import type { Work } from './work.ts'
import { own } from './work.ts'

/** Lists of a height that are remembered because the reducer has no state for them. Later ones are computed again. */
const FAILED_MAX = 1_024

/** The reducer has no state for a list, on any machine: its round ends with NIL. */
export function noteFailed(w: Work, inputsRoot: Digest): void {
  const { s } = w
  if (s.failed.size === 0) s.failedFrom = s.round
  if (s.failed.size < FAILED_MAX || s.failed.has(inputsRoot)) own(w, s, 'failed').set(inputsRoot, s.round)
}

/**
 * Whether a list is neither listed nor computed in the running round, because the reducer has failed over it. Every 2 n
 * rounds all lists are tried again: a machine that took its own fault for the reducer's must not stall a height.
 */
export function isKnownToFail({ s }: Work, inputsRoot: Digest): boolean {
  const rounds = 2 * s.config.order.length
  const at = s.failed.get(inputsRoot)
  return at !== undefined && Math.floor(at / rounds) === Math.floor(s.round / rounds)
}

/**
 * Members that the convener of a round leaves out first, after the reducer failed over a list of the height. One more
 * each n rounds from the round after the failure on. Within n rounds each member is the first one once, and never in a
 * round that it convenes itself. The order differs from height to height, and every n rounds.
 *
 * @param sinceFailure rounds after the first failure of the height, ≥ 1
 */
export function leftOutFirst(
  { cluster, order }: EngineConfig,
  height: number,
  round: number,
  sinceFailure: number,
): MemberIndex[] {
  const n = order.length
  const turn = Math.floor((sinceFailure - 1) / n)
  const rank = (offset: number): Digest =>
    keccak(concatHex(cluster.seed, uint(height, 8), uint(turn, 8), uint(offset, 2)))
  const offsets = Array.from({ length: n - 1 }, (_, i) => ({ offset: i + 1, rank: rank(i + 1) }))
  return offsets
    .sort((a, b) => (a.rank < b.rank ? -1 : 1))
    .slice(0, turn + 1)
    .flatMap(({ offset }) => order[(height + round + offset) % n] ?? [])
}

/**
 * The inputs that a convener lists: all usable ones, until the reducer has failed over a list of this height. A valid
 * input that no list can hold must not stall the task, so from then on some are left out while the rest is a quorum.
 */
export function inputsToList(w: Work, usable: readonly SignedInput[]): readonly SignedInput[] {
  const { failed, failedFrom, box, round, config } = w.s
  if (failed.size === 0) return usable
  const since = round - failedFrom
  let rest = usable
  for (const member of since < 1 ? [] : leftOutFirst(config, box.height, round, since)) {
    const fewer = rest.filter((input) => input.member !== member)
    const members = fewer.map((input) => input.member)
    if (isQuorum(config.cluster, weightOf(config.cluster, members))) rest = fewer
  }
  return rest
}
