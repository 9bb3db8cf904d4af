import { broughtList } from '../codec/claims.ts'
import type { Confirm, Share, Signed, SignedInput } from '../types/objects.ts'
import { accuse } from './accuse.ts'
import { readHash } from './ledger.ts'
import { weightOf } from './quorum.ts'
import type { Work } from './work.ts'
import { parentOf } from './work.ts'
import { resolve, votedValue } from './votes.ts'

/**
 * At the end of a round: the fresh votes of this height for a state that the reducer does not give, with the CONFIRMs
 * that they misled. Judged are lists that this node aggregated itself, and lists with an input that the reducer refuses.
 */
export function accuseReductions(w: Work): void {
  const { config, box } = w.s
  if (config.isProvable !== true) return
  for (const { shares } of box.rounds.values()) {
    for (const share of shares.values()) {
      const { object, member } = share
      if (member === config.self || object.inputs === 0n || object.validRound !== -1) continue
      const wrong = wrongList(w, object)
      const list = wrong === null ? null : broughtList(wrong, (hash) => w.s.bodies.get(hash) ?? null)
      if (list !== null) accuse(w, { kind: 'E4', share, ...list, confirms: misled(w, object) })
    }
  }
}

/** The list behind a vote, if the vote is known to be wrong about it. */
function wrongList(w: Work, vote: Share): readonly SignedInput[] | null {
  const { box, config } = w.s
  // of another history, or of events that the chain does not have, nothing can be shown
  if (vote.parent !== parentOf(w) || vote.eventsHash !== readHash(w, vote.eventSeq)) return null
  const rounds = [...box.rounds.values()]
  for (const { shares, list } of rounds) {
    const own = shares.get(config.self)?.object
    if (own?.validRound !== -1 || own.inputs !== vote.inputs || own.inputsRoot !== vote.inputsRoot) continue
    return own.stateHash === vote.stateHash || own.eventSeq !== vote.eventSeq ? null : (list?.objects ?? null)
  }
  const candidates = [
    [...box.inputs.values()],
    ...rounds.flatMap(({ list }) => (list === null ? [] : [list.objects])),
  ]
  for (const list of candidates) {
    const listed = resolve(vote, list)
    if (listed?.some((input) => isRefused(w, input)) === true) return listed
  }
  return null
}

function isRefused(w: Work, { object }: SignedInput): boolean {
  const state = object.type === 'status' ? w.s.bodies.get(object.stateHash) : undefined
  return state !== undefined && !w.s.config.isValidInput(state)
}

/** CONFIRMs for the value of a vote, by member, of the round in which they weigh most. */
function misled(w: Work, vote: Share): Signed<Confirm>[] {
  const value = votedValue(vote)
  let most: Signed<Confirm>[] = []
  let weight = 0
  for (const { confirms } of w.s.box.rounds.values()) {
    const found = [...confirms.values()].filter(({ object }) => object.value === value)
    const sum = weightOf(
      w.s.config.cluster,
      found.map(({ member }) => member),
    )
    if (sum > weight) [most, weight] = [found, sum]
  }
  return most.sort((a, b) => a.member - b.member)
}
