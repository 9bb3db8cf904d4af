import { expect } from 'chai'
import { AbiCoder, Interface, id, keccak256 } from 'ethers'
import { createKeyring } from '../../../src/adapters/keys/keyring.ts'
import { readEvidenceCall } from '../../../src/audit/evidence/call.ts'
import type { Court, Proved, Refusal } from '../../../src/audit/evidence/verdict.ts'
import { judgeEvidence } from '../../../src/audit/evidence/verdict.ts'
import { recoverSigner } from '../../../src/audit/signatures.ts'
import { PARAMS_TYPE } from '../../../src/audit/task.ts'
import { concatHex, fromHex, keccak, toHex } from '../../../src/codec/hex.ts'
import { encodeLogEntry, appendLog, logStart } from '../../../src/codec/log.ts'
import {
  TYPE_NUMBERS,
  domainSeparator,
  hashObject,
  inputsRoot,
  shareValue,
  signingDigest,
} from '../../../src/codec/objects.ts'
import { findReducer, reducerHash } from '../../../src/reducers/catalog.ts'
import { rateLimitParamsCodec, rateLimitStateCodec } from '../../../src/reducers/rate-limit-codec.ts'
import { runReducer } from '../../../src/reducers/run.ts'
import type { Digest, Hex, MemberIndex } from '../../../src/types/ids.ts'
import { NIL } from '../../../src/types/ids.ts'
import type { LogEntry } from '../../../src/types/log.ts'
import type { Confirm, ProtocolObject, Share } from '../../../src/types/objects.ts'
import type { TaskParams } from '../../../src/types/task.ts'
import { BARE_CONTEXT } from '../../helpers/context.ts'
import { NOTHING } from '../../../src/codec/objects.ts'

const KEYS = [1, 2, 3, 4].map((seed) => createKeyring(fromHex(keccak(`0x0${seed}`))))
const digest = (text: string): Digest => id(text) as Digest
const CLUSTER = {
  id: digest('cluster'),
  seed: digest('seed'),
  members: KEYS.map(({ address }, index) => ({ index, key: address, operator: address, weight: 1 })),
  totalWeight: 4,
}
const SEPARATOR = domainSeparator({
  chainId: 31337n,
  verifyingContract: KEYS[0]!.address,
  salt: digest('salt'),
})
const RATE_LIMIT = findReducer('rate-limit@1')!
const REDUCER_PARAMS = toHex(rateLimitParamsCodec.encode({ budget: 100n, demandMax: 1_000n }))
const COURT: Court = {
  handedOver: new Uint8Array(),
  opened: new Map(),
  refuted: new Map(),
  cluster: CLUSTER,
  separator: SEPARATOR,
  params: { epochHeights: 8, stateCap: 1024, inputCap: 26, reducerParams: REDUCER_PARAMS } as TaskParams,
  events: [],
  reducer: RATE_LIMIT,
  recover: recoverSigner,
}
const LIAR = 2

const SLASHER = new Interface([
  'function equivocation(uint256, uint8, uint8, bytes, bytes, bytes, bytes)',
  'function amnesia(uint256, uint8, bytes, bytes, bytes, bytes)',
  'function illegalLog(uint256, uint8, bytes, bytes, bytes32, bytes)',
  'function forkedLog(uint256, uint8, bytes, bytes, bytes, bytes, bytes32, bytes)',
  'function unjustifiedVote(uint256, uint8, uint8, bytes, bytes)',
  `function wrongReduction(uint256, uint8, bytes, bytes, ${PARAMS_TYPE}, tuple(uint8, uint64, bytes)[], bytes, bytes, tuple(uint32, uint256, bytes), tuple(bytes, bytes32, uint256, uint64, bytes32, bytes32))`,
])

const SOLIDITY: Readonly<Record<ProtocolObject['type'], readonly [string[], string[]]>> = {
  hello: [
    ['uint64', 'uint32', 'bytes32', 'bytes32', 'uint256', 'int32'],
    ['height', 'round', 'value', 'inputsRoot', 'inputs', 'validRound'],
  ],
  status: [
    ['uint64', 'bytes32', 'bytes32', 'uint64'],
    ['height', 'parent', 'stateHash', 'eventSeq'],
  ],
  share: [
    [...['uint64', 'uint32', 'bytes32', 'bytes32', 'bytes32'], ...['uint256', 'uint64', 'bytes32', 'int32']],
    [
      ...['height', 'round', 'parent', 'stateHash', 'inputsRoot'],
      ...['inputs', 'eventSeq', 'eventsHash', 'validRound'],
    ],
  ],
  confirm: [
    ['uint64', 'uint32', 'bytes32'],
    ['height', 'round', 'value'],
  ],
  checkpoint: [
    ['uint64', 'bytes32', 'uint64', 'bytes32', 'bytes32'],
    ['height', 'root', 'logSeq', 'logHead', 'inputsHash'],
  ],
  close: [[], []],
}

const fieldsOf = (object: ProtocolObject): Hex => {
  const [types, names] = SOLIDITY[object.type]
  const values = names.map((name) => (object as unknown as Record<string, unknown>)[name])
  return AbiCoder.defaultAbiCoder().encode(types, values) as Hex
}
const NOTHING_BEFORE = ['0x', NIL, 0n, 0n, NIL, NIL]
const sign = (object: ProtocolObject, member: MemberIndex = LIAR, separator = SEPARATOR): Hex =>
  KEYS[member]!.sign(signingDigest(separator, hashObject(CLUSTER.id, object)))
const pair = (object: ProtocolObject): [Hex, Hex] => [fieldsOf(object), sign(object)]

function judged(name: string, args: readonly unknown[], court = COURT): Proved | Refusal {
  const call = readEvidenceCall(SLASHER.encodeFunctionData(name, args) as Hex)
  expect(call?.name).equal(name)
  return judgeEvidence(court, call!)
}
const percent = (verdict: Proved | Refusal): string =>
  'refused' in verdict ? verdict.refused : `${verdict.offence} ${verdict.percent}`

const PARENT = digest('parent')
const share = (change: Partial<Share> = {}): Share => ({
  type: 'share',
  height: 3,
  round: 0,
  parent: PARENT,
  stateHash: digest('state'),
  inputsRoot: digest('inputs'),
  inputs: 0b1111n,
  eventSeq: 0,
  eventsHash: NIL,
  validRound: -1,
  ...change,
})
const confirm = (value: Digest, round: number): Confirm => ({ type: 'confirm', height: 3, round, value })
const NIL_SHARE = share({ parent: NIL, ...NOTHING, round: 1 })

describe('evidence in the audit: equivocation', () => {
  const prove = (first: ProtocolObject, second: ProtocolObject, member = LIAR): string =>
    percent(
      judged('equivocation', [
        1,
        member,
        TYPE_NUMBERS[first.type],
        fieldsOf(first),
        sign(first),
        fieldsOf(second),
        sign(second),
      ]),
    )
  const other = share({ stateHash: digest('other') })

  it('is refused for one object, two keys, and another signer', () => {
    expect(prove(share(), share())).equal('the same object twice')
    expect(prove(share(), { ...other, round: 1 })).equal('two keys')
    expect(prove(share(), { ...other, height: 4 })).equal('two keys')
    expect(prove(share(), other, 1)).equal('not signed by the accused')
    expect(prove(share(), other, 4)).equal('no such seat')
  })

  it('is refused for a signature of another deployment', () => {
    const foreign = sign(other, LIAR, digest('another domain'))
    const args = [1, LIAR, 3, ...pair(share()), fieldsOf(other), foreign]
    expect(percent(judged('equivocation', args))).equal('not signed by the accused')
  })

  it('costs the lock for votes and checkpoints, five per cent of it for the rest', () => {
    const head = {
      type: 'checkpoint',
      height: 8,
      root: NIL,
      logSeq: 1,
      logHead: NIL,
      inputsHash: NIL,
    } as const
    const status = { type: 'status', height: 3, parent: PARENT, stateHash: NIL, eventSeq: 0 } as const
    const hello = { ...NIL_SHARE, type: 'hello', value: NIL, inputs: 7n } as const
    expect(prove(share(), other)).equal('E1 100')
    expect(prove(confirm(NIL, 0), confirm(digest('v'), 0))).equal('E1 100')
    expect(prove(head, { ...head, root: digest('r') })).equal('E1 100')
    expect(prove(status, { ...status, eventSeq: 1 })).equal('E1 5')
    expect(prove(hello, { ...hello, inputs: 15n })).equal('E1 5')
  })
})

describe('evidence in the audit: amnesia', () => {
  const v = shareValue(share())
  const prove = (lock: Confirm, vote: Share): string =>
    percent(judged('amnesia', [1, LIAR, ...pair(lock), ...pair(vote)]))
  const other = share({ stateHash: digest('other'), round: 2 })

  it('is refused for what an honest member may vote after its CONFIRM', () => {
    expect(prove(confirm(v, 1), share({ round: 2 }))).equal('no other value')
    expect(prove(confirm(NIL, 1), other)).equal('no other value')
    expect(prove(confirm(v, 1), { ...NIL_SHARE, round: 2 })).equal('no other value')
    expect(prove(confirm(v, 1), { ...other, validRound: 1 })).equal('unlocked by a later quorum')
    expect(prove(confirm(v, 2), other)).equal('not a later round')
    expect(prove(confirm(v, 1), { ...other, height: 4 })).equal('two heights')
  })

  it('is a fresh vote, or one that rests on a round before the lock', () => {
    expect(prove(confirm(v, 1), other)).equal('E1b 100')
    expect(prove(confirm(v, 1), { ...other, validRound: 0 })).equal('E1b 100')
  })
})

describe('evidence in the audit: logs', () => {
  const entry = (seq: number, change: Partial<LogEntry>): LogEntry => ({
    seq,
    from: 'IDLE',
    event: 't3',
    to: 'DEBATE',
    height: 1,
    round: 0,
    value: NIL,
    ...change,
  })
  const t3 = (seq: number, height = 1): LogEntry => entry(seq, { height })
  const t2 = (seq: number, height = 1): LogEntry =>
    entry(seq, { from: 'DEBATE', event: 't2', to: 'IDLE', height })
  const start = logStart(CLUSTER.id, 0)
  const fold = (entries: readonly LogEntry[], head: Digest = start): Digest => entries.reduce(appendLog, head)
  const signedHead = (height: number, entries: readonly LogEntry[]): ProtocolObject => ({
    type: 'checkpoint',
    height,
    root: NIL,
    logSeq: entries.at(-1)!.seq,
    logHead: fold(entries),
    inputsHash: NIL,
  })
  const pack = (entries: readonly LogEntry[]): Hex => concatHex(...entries.map(encodeLogEntry))
  const illegal = (signed: readonly LogEntry[], shown = signed): string =>
    percent(judged('illegalLog', [1, LIAR, ...pair(signedHead(8, signed)), start, pack(shown)]))

  it('an illegal step is refused if all steps are legal, or others are signed', () => {
    const fine = [t3(1), t2(2), entry(3, { event: 'RESET', from: 'IDLE', to: 'INITIAL' })]
    expect(illegal(fine)).equal('every step is legal')
    expect(illegal(fine, [t3(1), t3(2)])).equal('not the signed log')
  })

  it('an illegal step is a missing one, a gap, no transition, or a height that falls', () => {
    expect(illegal([t3(1), t3(2)])).equal('E2 5')
    expect(illegal([t3(1), t2(3)])).equal('E2 5')
    expect(illegal([entry(1, { to: 'CLOSE' })])).equal('E2 5')
    expect(illegal([t3(1, 2), t2(2, 1)])).equal('E2 5')
  })

  it('a fork is refused between epochs and between logs that extend each other', () => {
    const short = [t3(1), t2(2)]
    const long = [...short, t3(3, 2), t2(4, 2)]
    const fork = (a: ProtocolObject, b: ProtocolObject, before: Digest, rest: readonly LogEntry[]): string =>
      percent(judged('forkedLog', [1, LIAR, ...pair(a), ...pair(b), before, pack(rest)]))
    const first = signedHead(1, short)
    expect(fork(first, signedHead(2, long), fold(short), long.slice(2))).equal(
      'the second log extends the first',
    )
    expect(fork(first, signedHead(9, long), fold(short), long.slice(2))).equal('two epochs')
    expect(fork(signedHead(2, long), first, start, [])).equal('not in order')
    const otherwise = [t3(1), entry(2, { from: 'DEBATE', event: 't2', to: 'IDLE', value: digest('v') })]
    const forked = signedHead(2, [...otherwise, t3(3, 2), t2(4, 2)])
    expect(fork(first, forked, fold(short), long.slice(2))).equal('not the signed log')
    expect(fork(first, forked, fold(otherwise), long.slice(2))).equal('E2 5')
    expect(fork(first, signedHead(2, short), start, [])).equal('E2 5')
  })
})

describe('evidence in the audit: votes without a list', () => {
  const prove = (vote: ProtocolObject): string =>
    percent(judged('unjustifiedVote', [1, LIAR, TYPE_NUMBERS[vote.type], ...pair(vote)]))

  it('is refused for a quorum, a re-SHARE and NIL', () => {
    expect(prove(share({ inputs: 0b0111n }))).equal('a list of quorum weight')
    expect(prove(share({ inputs: 0b0011n, validRound: 0, round: 1 }))).equal('not fresh')
    expect(prove(NIL_SHARE)).equal('a NIL vote')
  })

  it('M-2 is a validRound that is no round before its own, also of a quorum list', () => {
    for (const [round, validRound] of [
      [0, 0],
      [0, 7],
      [4, 4],
    ] as const)
      expect(prove(share({ round, validRound }))).equal('E3 1')
  })

  it('is a list below quorum weight or with a stranger', () => {
    expect(prove(share({ inputs: 0b0011n }))).equal('E3 1')
    expect(prove(share({ inputs: 0b11111n }))).equal('E3 1')
  })
})

describe('evidence in the audit: wrong reduction', () => {
  const states = [10n, 60n, 90n].map((demand) =>
    rateLimitStateCodec.encode({ budget: 0n, rows: [{ member: 0, demand, share: 0n }] }),
  )
  const hashes = states.map((state) =>
    hashObject(CLUSTER.id, {
      type: 'status',
      height: 3,
      parent: PARENT,
      stateHash: keccak(state),
      eventSeq: 0,
    }),
  )
  const list = { inputs: 0b0111n, inputsRoot: inputsRoot(0b0111n, hashes) }
  const run = runReducer({
    reducer: 'rate-limit@1',
    params: REDUCER_PARAMS,
    context: { ...BARE_CONTEXT, seed: CLUSTER.seed },
    inputs: states.map((state, member) => ({ member, state })),
  })
  const right = run.ok ? keccak(run.state) : NIL
  const params = {
    ...(Object.fromEntries(
      [...PARAMS_TYPE.matchAll(/(\w+) (\w+)[,)]/g)].map(([, type, name]) => [
        name,
        type === 'bool' ? false : type === 'address' ? KEYS[0]!.address : 1,
      ]),
    ) as object),
    reducer: reducerHash('rate-limit@1'),
    reducerParams: REDUCER_PARAMS,
    reporters: [],
  }
  const prove = (
    vote: Share,
    shown = states,
    confirmers: readonly MemberIndex[] = [],
    closes: Hex = '0x',
  ): string => percent(judge(vote, shown, confirmers, closes))
  const judge = (
    vote: Share,
    shown = states,
    confirmers: readonly MemberIndex[] = [],
    closes: Hex = '0x',
    court = COURT,
  ): Proved | Refusal => {
    const said = confirm(shareValue(vote), 0)
    const signatures = concatHex(...confirmers.map((member) => sign(said, member)))
    const bits = confirmers.reduce((map, member) => map | (1n << BigInt(member)), 0n)
    const inputs = shown.map((state, member) => [member, 0, state])
    return judged(
      'wrongReduction',
      [1, LIAR, ...pair(vote), params, inputs, closes, '0x', [0, bits, signatures], NOTHING_BEFORE],
      court,
    )
  }

  it('stays open where the reducer is not known, unless the proof does not fit together', () => {
    const court = { ...COURT, reducer: null }
    const wrong = share({ ...list, stateHash: keccak256('0x01') as Digest })
    const open = { refused: 'the reducer is not known here', isOpen: true }
    expect(judge(wrong, states, [], '0x', court)).deep.equal(open)
    expect(judge(share({ ...list, stateHash: NIL }), states.slice(0, 2), [], '0x', court)).deep.equal({
      refused: 'not the list that was voted for',
    })
  })

  it('is refused for the right state, another list, a re-SHARE', () => {
    expect(prove(share({ ...list, stateHash: right }))).equal('the reduction is right')
    expect(prove(share({ ...list, stateHash: NIL }), states.slice(0, 2))).equal(
      'not the list that was voted for',
    )
    expect(prove(share({ ...list, validRound: 0, round: 1 }))).equal('not fresh')
  })

  it('costs a fifth of the lock, and more with every member that it misled', () => {
    const wrong = share({ ...list, stateHash: keccak256('0x01') as Digest })
    expect(prove(wrong)).equal('E4 20')
    expect(prove(wrong, states, [0, 3])).equal('E4 60')
    expect(prove(wrong, states, [0, 1, 2, 3])).equal('E4 100')
  })

  it('of a list with a CLOSE is another state than f_agg_close gives, and the CLOSE counts signed only', () => {
    const close = { type: 'close' } as const
    const closing = {
      inputs: 0b1111n,
      inputsRoot: inputsRoot(0b1111n, [...hashes, hashObject(CLUSTER.id, close)]),
    }
    const wrong = share({ ...closing, stateHash: keccak256('0x01') as Digest })
    expect(prove(wrong, states, [], sign(close, 3))).equal('E4 20')
    expect(prove(share({ ...closing, stateHash: right }), states, [], sign(close, 3))).equal(
      'the reduction is right',
    )
    const unsigned = 'a CLOSE that is not by its member'
    for (const closes of ['0x', sign(close, 2), concatHex(sign(close, 3), sign(close, 3))] as const)
      expect(prove(wrong, states, [], closes)).equal(unsigned)
    const plain = share({ ...list, stateHash: keccak256('0x01') as Digest })
    expect(prove(plain, states, [], sign(close, 3))).equal(unsigned)
  })
})

describe('evidence in the audit: bytes that are no evidence', () => {
  it('is null', () => {
    expect(readEvidenceCall('0x')).equal(null)
    expect(readEvidenceCall('0x12345678')).equal(null)
    const call = SLASHER.encodeFunctionData('unjustifiedVote', [1, 2, 3, '0x', '0x']) as Hex
    expect(readEvidenceCall(call.slice(0, 100) as Hex)).equal(null)
    expect(percent(judgeEvidence(COURT, readEvidenceCall(call)!))).equal('not signed by the accused')
  })
})
