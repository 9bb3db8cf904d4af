import type { RawPart } from '../codec/frames.ts'
import { keccak } from '../codec/hex.ts'
import { NIL } from '../types/ids.ts'
import type { ProtocolObject } from '../types/objects.ts'
import type { Liar, Mail } from './liar.ts'
import { demandState, mailTo, ownObjects, rewriteOwn } from './rewrite.ts'

/** Heights of the objects in a frame. */
function heightOf(mail: Mail): number {
  const heights = mail.parts.flatMap((part) =>
    part.kind === 'object' && 'height' in part.signed.object ? [part.signed.object.height] : [],
  )
  return Math.max(0, ...heights)
}

/** Says nothing, from the second height on. */
export const silent: Liar = {
  rewrite: (mail, context) => {
    if (heightOf(mail) > 1) context.memory.set('silent', true)
    return context.memory.has('silent') ? [] : [mail]
  },
}

/** Speaks to some members only, others at every height. */
export const selectiveSend: Liar = {
  rewrite: (mail) => ((mail.to + heightOf(mail)) % 3 === 0 ? [] : [mail]),
}

/** Sends so that it arrives about when time-outs end: in time for some, too late for others. */
export const lateEdge: Liar = {
  rewrite: (mail, { dice, phaseMs }) => [
    { ...mail, delayMs: Math.max(0, phaseMs + dice.int(-300, 300) - (dice.chance(0.3) ? phaseMs : 0)) },
  ],
}

/** Announces states and keeps them to itself. */
export const withholdBodies: Liar = {
  rewrite: (mail) => {
    const parts = mail.parts.filter(({ kind }) => kind !== 'body')
    return parts.length === mail.parts.length ? [mail] : [{ ...mail, parts }]
  },
}

/** Sends again what it heard or sent before, to anybody. */
export const replayOld: Liar = {
  rewrite: (mail, { dice, heard, cluster, self, memory }) => {
    const own = (memory.get('own') as Mail[] | undefined) ?? []
    memory.set('own', own)
    if (own.length < 64) own.push(mail)
    else own[dice.int(0, 63)] = mail
    if (!dice.chance(0.5)) return [mail]
    const others = cluster.members.filter(({ index }) => index !== self)
    const old = [dice.pick(own), ...(heard.length > 0 ? [dice.pick(heard)] : [])]
    return [
      mail,
      ...old.map(({ parts }) => ({ to: dice.pick(others).index, parts, delayMs: dice.int(0, 900) })),
    ]
  },
}

/** Really signed objects of heights and rounds that nobody is in. */
export const farAheadFlood: Liar = {
  rewrite: (mail, { dice, sign, memory }) => {
    const sent = (memory.get('sent') as number | undefined) ?? 0
    if (heightOf(mail) === 0 || sent > 600 || !dice.chance(0.4)) return [mail]
    memory.set('sent', sent + 1)
    const hash = keccak(demandState(dice.int(0, 9)))
    const height = heightOf(mail) + dice.pick([0, 1, 2, 40, 2 ** 40])
    const round = dice.pick([0, 1, 7, 300, 2 ** 31])
    const share = {
      type: 'share',
      height,
      round,
      parent: hash,
      stateHash: hash,
      inputsRoot: hash,
      inputs: 15n,
      eventSeq: 0,
      eventsHash: NIL,
      validRound: -1,
    } as const
    const objects: ProtocolObject[] = [
      { type: 'status', height: height + 2, parent: hash, stateHash: hash, eventSeq: 0 },
      share,
      { type: 'confirm', height, round: round + 1, value: hash },
      { type: 'hello', height, round: round + 1, value: NIL, inputsRoot: hash, inputs: 15n, validRound: -1 },
      { type: 'checkpoint', height: height + 100, root: hash, logSeq: 1, logHead: hash, inputsHash: hash },
    ]
    return [
      mail,
      mailTo(mail.to, ...objects.map((object): RawPart => ({ kind: 'object', signed: sign(object) }))),
    ]
  },
}

/** A state that `validate` refuses, that does not decode, or that is above the cap. */
export const invalidInputState: Liar = {
  rewrite: (mail, context) => {
    const [status] = ownObjects(mail, context, 'status')
    if (status === undefined) return [mail]
    const lies = [demandState(60_000), Uint8Array.of(1, 2, 3), new Uint8Array(600)]
    const state = lies[status.height % lies.length] ?? new Uint8Array()
    const lie = rewriteOwn(mail, context, (object) =>
      object.type === 'status' ? { ...object, stateHash: keccak(state) } : object,
    )
    const parts = lie.parts.filter(({ kind }) => kind !== 'body')
    return [{ ...lie, parts: [...parts, { kind: 'body', hash: keccak(state), bytes: state }] }]
  },
}

/** Holds back its STATUS, as a slow link would. Nothing that it says is a lie. */
export function delayStatus(ms: number): Liar {
  return {
    rewrite: (mail, context) =>
      ownObjects(mail, context, 'status').length === 0 ? [mail] : [{ ...mail, delayMs: mail.delayMs + ms }],
  }
}

/** Reports ledger events that do not exist, or none. */
export const lyingEventSeq: Liar = {
  rewrite: (mail, context) => [
    rewriteOwn(mail, context, (object) =>
      object.type === 'status' ? { ...object, eventSeq: object.height % 2 === 0 ? 0 : 1_000_000 } : object,
    ),
  ],
}
