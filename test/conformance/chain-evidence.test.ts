import { expect } from 'chai'
import { connect } from '../../src/adapters/evm/connect.ts'
import type { EvmChain } from '../../src/adapters/evm/evm-chain.ts'
import { appendRoot } from '../../src/codec/roots.ts'
import { claimOf, rootAfter } from '../../src/codec/claims.ts'
import { isProof } from '../../src/codec/evidence.ts'
import { keccak, utf8Hex } from '../../src/codec/hex.ts'
import { appendLog, logStart } from '../../src/codec/log.ts'
import { domainSeparator, inputsRoot, valueHash, NOTHING } from '../../src/codec/objects.ts'
import { signObject } from '../../src/node/signing.ts'
import type { ChainEvent } from '../../src/ports/chain.ts'
import type { Cluster } from '../../src/types/cluster.ts'
import type { Evidence } from '../../src/types/evidence.ts'
import type { Digest } from '../../src/types/ids.ts'
import { NIL } from '../../src/types/ids.ts'
import type { LogEntry } from '../../src/types/log.ts'
import type { ProtocolObject, Share, Signed } from '../../src/types/objects.ts'
import type { TaskParams } from '../../src/types/task.ts'
import type { TestNetwork } from '../helpers/chain.ts'
import { joinTask, publishTask, startTestNetwork, testTask } from '../helpers/chain.ts'
import { BARE_CONTEXT } from '../helpers/context.ts'
import { atBlock } from '../helpers/moments.ts'

const EPOCH = 32
const text = (of: string): Digest => keccak(utf8Hex(of))

describe('chain port: evidence', () => {
  let net: TestNetwork
  let chain: EvmChain
  let taskId: bigint
  let params: TaskParams
  let cluster: Cluster

  before(async () => {
    net = await startTestNetwork()
    const [{ privateKey }] = net.nodes as [(typeof net.nodes)[number]]
    chain = await connect({ rpcUrl: net.rpcUrl, deployment: net.deployment, privateKey })
    params = await testTask(net)
    taskId = await publishTask(net, params)
    for (const { operator, key } of net.nodes) await joinTask(operator, taskId, key.address)
    const seedBlock = params.joinDeadline + chain.reorgDepth
    await net.mineTo(seedBlock)
    await chain.send(await chain.prepareForm(taskId, atBlock(seedBlock)))
    cluster = (await eventsOf('clusterFormed'))[0]!.cluster
  })
  after(async () => {
    chain.close()
    await net.close()
  })

  async function eventsOf<K extends ChainEvent['kind']>(
    kind: K,
  ): Promise<Extract<ChainEvent, { kind: K }>[]> {
    await net.mine(chain.reorgDepth)
    const page = await chain.eventsAfter(0, null, 2_000)
    return (page?.events ?? []).filter(
      (event): event is Extract<ChainEvent, { kind: K }> => event.kind === kind,
    )
  }

  function sign<T extends ProtocolObject>(member: number, object: T): Signed<T> {
    const key = cluster.members[member]!.key
    const node = net.nodes.find((candidate) => candidate.key.address === key)!
    const separator = domainSeparator(chain.domain)
    return {
      ...signObject({ cluster: cluster.id, self: member, keyring: node.key, separator }, object),
      object,
    }
  }

  const PARENT = text('parent')
  const share = (more: Partial<Share> = {}): Share => ({
    type: 'share',
    height: 3,
    round: 1,
    parent: PARENT,
    stateHash: text('state'),
    inputsRoot: text('inputs'),
    inputs: 0b1111n,
    eventSeq: 0,
    eventsHash: NIL,
    validRound: -1,
    ...more,
  })

  function checkpoint(entries: readonly LogEntry[], height: number, head = logStart(cluster.id, 0)) {
    const logHead = entries.reduce(appendLog, head)
    const logSeq = entries.at(-1)?.seq ?? 0
    return {
      type: 'checkpoint',
      height,
      root: text('root'),
      logSeq,
      logHead,
      inputsHash: text('inputs'),
    } as const
  }

  const entry = (
    seq: number,
    event: LogEntry['event'],
    from: LogEntry['from'],
    to: LogEntry['to'],
  ): LogEntry => ({
    seq,
    from,
    event,
    to,
    height: 1,
    round: 0,
    value: NIL,
  })

  /** One of each kind, each against another member where there are enough of them. */
  function proofs(): Record<string, Evidence> {
    const start = entry(1, 't1', 'INITIAL', 'DEBATE')
    const jump = entry(2, 't4', 'DEBATE', 'SHARE')
    const legal = entry(2, 't2', 'DEBATE', 'IDLE')
    const few = share({ inputs: 0b0011n })
    return {
      'E1 of STATUS': pair(
        0,
        { type: 'status', height: 3, parent: PARENT, eventSeq: 0, stateHash: text('a') },
        { stateHash: text('b') },
      ),
      'E1 of SHARE': pair(0, share(), { validRound: 0 }),
      'E1 of CONFIRM': pair(0, { type: 'confirm', height: 3, round: 0, value: text('a') }, { value: NIL }),
      'E1 of HELLO': pair(
        0,
        { type: 'hello', height: 3, round: 2, value: NIL, inputsRoot: NIL, inputs: 15n, validRound: -1 },
        { validRound: 1 },
      ),
      'E1 of CHECKPOINT': pair(0, checkpoint([start], EPOCH), { logSeq: 7 }),
      E1b: {
        kind: 'E1b',
        confirm: sign(1, { type: 'confirm', height: 3, round: 0, value: text('a') }),
        share: sign(1, share()),
      },
      'E2, illegal': {
        kind: 'E2',
        form: 'illegal',
        checkpoint: sign(2, checkpoint([start, jump], EPOCH)),
        headBefore: logStart(cluster.id, 0),
        entries: [start, jump],
      },
      'E2, forked': {
        kind: 'E2',
        form: 'forked',
        first: sign(2, { ...checkpoint([start], 1), logHead: text('another') }),
        second: sign(2, checkpoint([start, legal], EPOCH)),
        headBefore: appendLog(logStart(cluster.id, 0), start),
        entries: [legal],
      },
      'E2, not longer': {
        kind: 'E2',
        form: 'forked',
        first: sign(2, checkpoint([start, legal], 1)),
        second: sign(2, checkpoint([start], EPOCH)),
        headBefore: NIL,
        entries: [],
      },
      E6: {
        kind: 'E6',
        other: sign(1, { type: 'status', height: 3, parent: text('a'), eventSeq: 0, stateHash: text('a') }),
        share: sign(1, share()),
      },
      'E6 of CHECKPOINT': { kind: 'E6', other: sign(1, checkpoint([start], 2)), share: sign(1, share()) },
      'E3 of SHARE': { kind: 'E3', vote: sign(3, few) },
      'E3 of HELLO': {
        kind: 'E3',
        vote: sign(3, {
          type: 'hello',
          height: 3,
          round: 2,
          value: NIL,
          inputsRoot: NIL,
          inputs: 0b10111n,
          validRound: -1,
        }),
      },
    }
  }

  function pair<T extends ProtocolObject>(member: number, object: T, other: Partial<T>): Evidence {
    return { kind: 'E1', first: sign(member, object), second: sign(member, { ...object, ...other }) }
  }

  const context = (): Parameters<EvmChain['prepareEvidence']>[2] => ({ params, events: [] })
  const refusal = (evidence: Evidence): Promise<string | null> =>
    chain.refusal(chain.prepareEvidence(taskId, evidence, context()))

  it('the contract takes every kind that this side takes', async () => {
    for (const [name, evidence] of Object.entries(proofs())) {
      expect(isProof({ cluster, epochHeights: EPOCH }, evidence), name).equal(true)
      expect(await refusal(evidence), name).equal(null)
    }
  })

  it('neither takes what proves nothing', async () => {
    const good = proofs()
    const amnesia = good['E1b'] as Extract<Evidence, { kind: 'E1b' }>
    const { share: vote } = amnesia
    const illegal = good['E2, illegal'] as Extract<Evidence, { form: 'illegal' }>
    const nothing: Record<string, Evidence> = {
      'one object twice': pair(0, share(), {}),
      'two rounds': pair(0, share(), { round: 2 }),
      'a vote that a lock allows': { ...amnesia, share: sign(1, { ...vote.object, validRound: 0 }) },
      'an earlier vote': { ...amnesia, share: sign(1, { ...vote.object, round: 0 }) },
      'a NIL vote': {
        ...amnesia,
        share: sign(1, share({ parent: NIL, ...NOTHING, validRound: -1 })),
      },
      'another head': { ...illegal, headBefore: NIL },
      'a legal log': { ...illegal, entries: illegal.entries.slice(0, 1) },
      'one parent': { kind: 'E6', other: sign(1, share({ round: 2 })), share: sign(1, share()) },
      'a quorum list': { kind: 'E3', vote: sign(3, share()) },
      'a repeated vote': { kind: 'E3', vote: sign(3, share({ inputs: 3n, validRound: 0 })) },
    }
    for (const [name, evidence] of Object.entries(nothing)) {
      expect(isProof({ cluster, epochHeights: EPOCH }, evidence), name).equal(false)
      expect(await refusal(evidence), name).equal('ProvesNothing')
    }
  })

  it('a wrong reduction gets no verdict where the task has no twin', async () => {
    const state = Uint8Array.of(1)
    const statuses = [0, 1, 2, 3].map((member) =>
      sign(member, {
        type: 'status',
        height: 3,
        parent: PARENT,
        eventSeq: 0,
        stateHash: keccak(state),
      } as const),
    )
    const root = inputsRoot(
      15n,
      statuses.map(({ hash }) => hash),
    )
    const object = share({ inputsRoot: root })
    const evidence: Evidence = {
      kind: 'E4',
      share: sign(1, object),
      inputs: statuses.map((status) => ({ status, state })),
      closes: [],
      confirms: [0, 2].map((member) =>
        sign(member, { type: 'confirm', height: 3, round: 1, value: valueHash(object) }),
      ),
    }
    expect(isProof({ cluster, epochHeights: EPOCH }, evidence)).equal(true)
    expect(await refusal(evidence)).equal('NoVerdict')
    const { Slasher } = net.deployment.contracts
    expect(chain.prepareEvidence(taskId, evidence, context()).to).equal(Slasher.address)
    const claim = claimOf(object)
    const later = [text('value')]
    const signed = { ...checkpoint([], 4), root: later.reduce(appendRoot, rootAfter(claim)) }
    const { inputs, closes } = evidence
    const history: Evidence = { kind: 'E5', checkpoint: sign(1, signed), claim, later, inputs, closes }
    expect(isProof({ cluster, epochHeights: EPOCH }, history)).equal(true)
    const [step, ...more] = chain.prepareSteps(taskId, history, context())
    expect(more).deep.equal([])
    expect(await chain.refusal(step!)).equal('NoVerdict')
    expect(await refusal(history)).equal('ProvesNothing')
  })

  it('no twin at an address is no answer', async () => {
    const question = { params: '0x', context: BARE_CONTEXT, inputs: [], closing: true } as const
    const { TaskBoard } = net.deployment.contracts
    expect(await chain.twinAggregate({ ...question, twin: `0x${'77'.repeat(20)}` })).equal(null)
    expect(await chain.twinAggregate({ ...question, twin: TaskBoard.address })).equal(null)
  })

  it('a conviction is an event for everybody, and a second one is refused before it costs anything', async () => {
    const evidence = proofs()['E1b']!
    const call = chain.prepareEvidence(taskId, evidence, context())
    expect(await chain.send(call)).include({ kind: 'mined' })
    const [event, ...more] = await eventsOf('convicted')
    expect(more).deep.equal([])
    const reporter = net.nodes[0]!.key.address
    expect(event).include({ taskId, member: 1, offence: 'E1b', percent: 100, reporter })
    const [entry, ...others] = await eventsOf('ledgerEvent')
    expect(others).deep.equal([])
    // member, offence E1b, percent
    expect(entry).deep.include({ taskId, ledgerKind: 'system', data: Uint8Array.of(1, 2, 100) })
    expect(await chain.refusal(call)).equal('AlreadyConvicted')
    const gas = await chain.gasBalance()
    expect(await chain.send(call)).deep.equal({ kind: 'reverted', error: 'AlreadyConvicted' })
    expect(await chain.gasBalance()).equal(gas)
  })
})
