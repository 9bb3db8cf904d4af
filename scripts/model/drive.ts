import { accusedOf } from '../../src/codec/evidence.ts'
import { membersOf } from '../../src/codec/bitmap.ts'
import { keccak } from '../../src/codec/hex.ts'
import { signOnceKey } from '../../src/codec/objects.ts'
import type { EngineEffect, EngineInput } from '../../src/protocol/io.ts'
import type { EngineState } from '../../src/protocol/state.ts'
import type { Digest } from '../../src/types/ids.ts'
import { NIL } from '../../src/types/ids.ts'
import type { Signed } from '../../src/types/objects.ts'
import type { Protocol } from './protocol.ts'
import type { World } from './world.ts'
import { stateOf } from './world.ts'

/** What one input made of a node, with all answers that its driver gives at once. */
export interface Outcome {
  state: EngineState
  /** Value decided, if it was. */
  decided: Digest | null
  /** What an honest node must never do. */
  readonly faults: string[]
  readonly effects: EngineEffect[]
  /** All that this node has signed by now, by sign-once key. */
  readonly signed: ReadonlyMap<string, Signed>
}

/** Three of four equal members: the judge's own rule, whatever the program under check thinks. */
export function isJudgedQuorum(members: Iterable<number>): boolean {
  return 3 * new Set(members).size > 2 * 4
}

/** One step of the program under check; durable store and state source answer within it, the reducer does not. */
export function drive(protocol: Protocol, world: World, state: EngineState, input: EngineInput): Outcome {
  const signed = new Map(ownObjects(state).map((own) => [signOnceKey(own.object), own]))
  const outcome: Outcome = { state, decided: null, faults: [], effects: [], signed }
  const feed = (next: EngineInput): void => {
    const result = protocol.step(outcome.state, next)
    outcome.state = result.state
    for (const effect of result.effects) carryOut(effect)
  }
  const carryOut = (effect: EngineEffect): void => {
    const { self } = state.config
    outcome.effects.push(effect)
    if (effect.kind === 'observe') {
      const own = stateOf(self, 0)
      feed({ kind: 'observed', height: effect.height, state: own, stateHash: keccak(own) })
    } else if (effect.kind === 'record') {
      const stored = world.sign(self, effect.object)
      outcome.faults.push(
        ...recordFaults(effect, outcome.state, signed.get(signOnceKey(effect.object)), stored),
      )
      signed.set(signOnceKey(effect.object), stored)
      feed({ kind: 'signed', signed: stored })
    } else if (effect.kind === 'decided') {
      outcome.decided = effect.value
      outcome.faults.push(...decisionFaults(effect))
    } else if (effect.kind === 'evidence' && accusedOf(effect.evidence) !== world.scope.liar) {
      outcome.faults.push(`holds evidence against honest ${accusedOf(effect.evidence)}`)
    }
  }
  try {
    feed(input)
  } catch (error) {
    outcome.faults.push(`throws: ${error instanceof Error ? error.message : 'something'}`)
  }
  return outcome
}

/** What this node has signed in the height in work, as its engine keeps it. */
export function ownObjects(state: EngineState): Signed[] {
  const { self } = state.config
  const own: (Signed | null | undefined)[] = [state.box.inputs.get(self)]
  for (const { hello, shares, confirms } of state.box.rounds.values()) {
    own.push(hello?.member === self ? hello : null, shares.get(self), confirms.get(self))
  }
  return own.filter((signed) => signed !== null && signed !== undefined)
}

function recordFaults(
  { object, proof }: Extract<EngineEffect, { kind: 'record' }>,
  state: EngineState,
  before: Signed | undefined,
  stored: Signed,
): string[] {
  const faults: string[] = []
  if (before !== undefined && before !== stored)
    faults.push(`signs a second object for ${signOnceKey(object)}`)
  if ('round' in object && object.round < state.round)
    faults.push(`signs ${object.type} for a round it has left`)
  if (object.type === 'share' && object.inputs !== 0n && !isJudgedQuorum(membersOf(object.inputs)))
    faults.push('votes for a list below quorum')
  if (object.type === 'confirm' && object.value !== NIL) {
    const agreeing = (proof?.shares ?? []).filter(
      (share) =>
        share.object.round === object.round &&
        share.object.stateHash === proof?.content.stateHash &&
        share.object.inputsRoot === proof.content.inputsRoot &&
        share.object.validRound === proof.shares[0]?.object.validRound,
    )
    const rests = proof?.value === object.value && isJudgedQuorum(agreeing.map(({ member }) => member))
    if (!rests) faults.push('confirms without a SHARE quorum')
  }
  return faults
}

function decisionFaults({ decided, value }: Extract<EngineEffect, { kind: 'decided' }>): string[] {
  const faults: string[] = []
  const agreeing = decided.confirms.filter(({ object }) => object.value === value)
  if (!isJudgedQuorum(agreeing.map(({ member }) => member)))
    faults.push('decides without a quorum of CONFIRMs')
  if (!isJudgedQuorum(decided.inputs.map(({ member }) => member)))
    faults.push('decides on inputs below quorum')
  return faults
}
