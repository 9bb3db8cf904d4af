import type { Court } from '../../audit/evidence/verdict.ts'
import { judgeClaim, rootAfterClaim } from '../../audit/evidence/reduction.ts'
import { judgeEvidence } from '../../audit/evidence/verdict.ts'
import { appendEvent } from '../../codec/events.ts'
import { hashesOf, isProof } from '../../codec/evidence.ts'
import { keccak } from '../../codec/hex.ts'
import { findReducerByHash } from '../../reducers/catalog.ts'
import type { Evidence } from '../../types/evidence.ts'
import { NIL } from '../../types/ids.ts'
import { callOf, refutationOf } from './evidence-call.ts'
import type { JudgeInit } from './judge.ts'

export interface Verdict {
  /** By the rules with which nodes look for evidence, and for E4 the reducer. */
  readonly byRules: boolean
  /** By the auditor, whose rules are written a second time. */
  readonly byAuditor: boolean
  /** In the auditor's words. */
  readonly because: string
  /** The auditor takes the signatures for those of the accused: if not, it has said nothing about the rest. */
  readonly isSigned: boolean
}

const NOT_SIGNED = 'not signed by the accused'

/** Any: the auditor names the task, and judges one cluster's. */
const TASK = 1n

/** Two judges of evidence who share no rule. Neither asks where it comes from. */
export class Verdicts {
  readonly #init: JudgeInit
  readonly #known = new Map<string, Verdict>()

  constructor(init: JudgeInit) {
    this.#init = init
  }

  /** What proves by itself is judged once, whoever signed it: the same vote is for the same list, the same head over the same log. */
  of(evidence: Evidence): Verdict {
    const [hash, second] = hashesOf(evidence)
    if (second !== NIL) return this.#judge(evidence)
    const key = `${evidence.kind}/${hash}`
    const verdict = this.#known.get(key) ?? this.#judge(evidence)
    this.#known.set(key, verdict)
    return verdict
  }

  #judge(evidence: Evidence): Verdict {
    const { cluster, params } = this.#init
    const isNamed = isProof({ cluster, epochHeights: params.epochHeights }, evidence)
    const byRules = isNamed && this.#isWrong(evidence)
    const said = judgeEvidence(this.#courtFor(evidence), callOf(TASK, params, evidence))
    const because = 'refused' in said ? said.refused : said.because
    return { byRules, byAuditor: 'because' in said, because, isSigned: because !== NOT_SIGNED }
  }

  /** What the twin would say, if it is asked. Of other ledger events than the chain's it is not. */
  #isWrong(evidence: Evidence): boolean {
    if (evidence.kind !== 'E4' && evidence.kind !== 'E5') return true
    const claim = evidence.kind === 'E4' ? evidence.share.object : evidence.claim
    const { height, eventSeq, eventsHash, stateHash } = claim
    if (this.#init.events().slice(0, eventSeq).reduce(appendEvent, NIL) !== eventsHash) return false
    const listed = evidence.inputs.map(({ status, state }) => ({ member: status.member, state }))
    const state = this.#init.reduce(height, listed, eventSeq, evidence.closes.length > 0)
    return state === null || keccak(state) !== stateHash
  }

  /** With the step that comes before a proof about a CHECKPOINT, if it holds. */
  #courtFor(evidence: Evidence): Court {
    const court = this.#court()
    if (evidence.kind !== 'E5') return court
    const call = refutationOf(TASK, this.#init.params, evidence)
    if ('refused' in judgeClaim(court, call, call.claim)) return court
    return { ...court, refuted: new Map([[call.claim.height, new Set([rootAfterClaim(call.claim)])]]) }
  }

  #court(): Court {
    const { cluster, separator, params, recover, events, handedOver } = this.#init
    let eventsHash = NIL
    const posted = events().map((event, i) => {
      eventsHash = appendEvent(eventsHash, event)
      return { ...event, seq: i + 1, block: 0n, eventsHash }
    })
    const reducer = findReducerByHash(params.reducer)
    return {
      cluster,
      separator,
      params,
      recover,
      events: posted,
      opened: new Map(),
      refuted: new Map(),
      reducer,
      handedOver,
    }
  }
}
