import { expect } from 'chai'
import type { AnchoredBatch } from '../../../src/audit/checkpoints.ts'
import { Judge } from '../../../src/audit/judge.ts'
import type { MemberLogs } from '../../../src/audit/member-logs.ts'
import { checkMemberLogs } from '../../../src/audit/member-logs.ts'
import type { Reconciled } from '../../../src/audit/reconcile.ts'
import { decodeBatch, decodeExceptions, encodeBatch } from '../../../src/codec/batch.ts'
import { valueHash } from '../../../src/codec/objects.ts'
import { checkpointCall } from '../../../src/node/checkpoint-call.ts'
import { Outbox } from '../../../src/node/outbox.ts'
import type { Checkpointed, RepublishSeat } from '../../../src/node/republish.ts'
import { republishOf } from '../../../src/node/republish.ts'
import { Republisher } from '../../../src/node/republisher.ts'
import type { CheckpointCall, RepublishCall } from '../../../src/ports/chain.ts'
import type { CheckpointBox } from '../../../src/protocol/state.ts'
import { NIL } from '../../../src/types/ids.ts'
import { disturbedCluster, EPOCH } from '../../helpers/disturbed-cluster.ts'
import type { RunnerCluster } from '../../helpers/runner-cluster.ts'
import { recordingLogger, TASK_ID } from '../../helpers/runner-cluster.ts'
import { chainFault, ScriptedChain } from '../../helpers/runner-cluster-chain.ts'

const HEIGHT = EPOCH
const HEAD = 10
const NOBODY = { illegal: new Set<number>(), twoFaced: new Set<number>() }

describe('M-1 a submitter that replaces what nobody signed', () => {
  let world: RunnerCluster
  let box: CheckpointBox
  let call: CheckpointCall
  let honest: Checkpointed
  /** A signer with a log of its own, and one with the shared log. */
  let own: number
  let shared: number

  before(async () => {
    world = await disturbedCluster()
    const boxes = world.seat(0).certified.filter(({ height }) => height === HEIGHT)
    box = boxes.toSorted((a, b) => b.signed.size - a.signed.size)[0]!
    const { cluster, params } = world
    const { members } = cluster
    const sources = {
      taskId: TASK_ID,
      cluster: cluster.id,
      members: members.length,
      params,
      store: storeOf(0),
    }
    call = checkpointCall(sources, box, 0)!
    honest = happened(call)
    const exceptions = decodeExceptions(call.exceptions)!.map(({ member }) => member)
    own = exceptions.find((member) => box.notes.has(member))!
    shared = [...box.signed.keys()].find((member) => !exceptions.includes(member))!
    expect([own, shared]).to.not.include(undefined)
  })

  const storeOf = (member: number): RepublishSeat['store'] => world.seat(member).store!
  const seatOf = (self: number): RepublishSeat => {
    return { taskId: TASK_ID, cluster: world.cluster, self, store: storeOf(self) }
  }

  function happened({
    taskId,
    first,
    batch,
    bitmap,
    sharedSeq,
    sharedHead,
    notes,
  }: CheckpointCall): Checkpointed {
    const { root } = [...box.signed.values()][0]!.object
    const published = { bitmap, sharedSeq, sharedHead, batch, notes }
    return { kind: 'checkpointed', block: 1, taskId, first, height: HEIGHT, root, ...published }
  }

  /** The call with other hints and notes: as valid, since nobody signed these. */
  function replaced(hint: number | null, notes: CheckpointCall['notes']): Checkpointed {
    const n = world.cluster.members.length
    const heights = decodeBatch(call.batch, n)!.map((one) => ({ ...one, hint: hint ?? one.hint }))
    return happened({ ...call, batch: encodeBatch(heights, n), notes })
  }

  /** What the production auditor makes of a checkpoint and of what was published since. */
  function audited(
    checkpoint: Checkpointed,
    copies: readonly RepublishCall[],
  ): MemberLogs & { readonly judge: Judge } {
    const judge = new Judge(() => null)
    const exceptions = new Map(decodeExceptions(call.exceptions)!.map((one) => [one.member, one]))
    const heads = [...box.signed.keys()].map((member) => {
      const { logSeq, logHead } = exceptions.get(member) ?? {
        logSeq: call.sharedSeq,
        logHead: call.sharedHead,
      }
      return [member, { logSeq, logHead, shared: !exceptions.has(member) }] as const
    })
    let eventSeq = 0
    const heights = decodeBatch(checkpoint.batch, world.cluster.members.length)!.map((one, i) => {
      eventSeq += one.eventSeqDelta
      return {
        ...one,
        height: 1 + i,
        eventSeq,
        value: valueHash({ ...one, eventSeq, eventsHash: NIL }),
        parent: NIL,
      }
    })
    const batch: AnchoredBatch = {
      source: { args: { notes: checkpoint.notes } } as AnchoredBatch['source'],
      bench: judge.at('checkpoint', 'heights from 1'),
      ...{ block: 1n, first: 1, heights, previous: NIL, root: NIL, rootBeforeLast: NIL },
      certificate: { heads: new Map(heads), quorum: true, claimed: heads.length },
    }
    const republished = copies.map(({ height, hints, notes }) => {
      const args = { taskId: TASK_ID, height: BigInt(height), hints, notes }
      return { args } as unknown as Reconciled<'Republished'>
    })
    const logs = checkMemberLogs(judge, [batch], world.cluster, EPOCH, new Set(), NOBODY, republished)
    return { judge, ...logs }
  }

  it('nobody publishes anything again while the copy on chain folds', () => {
    for (const member of box.signed.keys()) expect(republishOf(seatOf(member), honest, [])).to.equal(null)
    expect(audited(honest, []).judge.unavailable).to.deep.equal([])
  })

  for (const [what, hint, notes] of [
    ['notes', null, '0x'],
    ['notes with bytes that are none', null, '0x04'],
    ['hints', 7, null],
    ['both', 7, '0x'],
  ] as const) {
    it(`${what}: makes nobody look bad, and the audit verifies once the members have published theirs`, () => {
      const checkpoint = replaced(hint, notes ?? call.notes)
      const spoilt = audited(checkpoint, [])
      expect(spoilt.judge.findings).to.deep.equal([])
      expect(spoilt.judge.unavailable).to.not.deep.equal([])
      const copies = [...box.signed.keys()].flatMap(
        (member) => republishOf(seatOf(member), checkpoint, []) ?? [],
      )
      const mended = audited(checkpoint, copies)
      expect([mended.judge.findings, mended.judge.unavailable]).to.deep.equal([[], []])
      expect(mended.logs).to.deep.equal(audited(honest, []).logs)
      expect(mended.rounds).to.deep.equal(audited(honest, []).rounds)
      // who sees them has nothing to add
      for (const member of box.signed.keys())
        expect(republishOf(seatOf(member), checkpoint, copies)).to.equal(null)
    })
  }

  it('a member answers for its own note alone, and only where it signed that history', () => {
    const checkpoint = replaced(null, '0x')
    expect(republishOf(seatOf(shared), checkpoint, [])).to.equal(null)
    expect(republishOf(seatOf(own), checkpoint, [])).to.deep.include({
      hints: '0x',
      notes: box.notes.get(own),
    })
    expect(republishOf(seatOf(own), { ...checkpoint, root: NIL }, [])).to.equal(null)
    const bitmap = checkpoint.bitmap & ~(1n << BigInt(own))
    expect(republishOf(seatOf(own), { ...checkpoint, bitmap }, [])).to.equal(null)
  })

  describe('the node', () => {
    let chain: ScriptedChain
    const republisherOf = (self: number): Republisher => {
      const { store } = seatOf(self)
      chain = new ScriptedChain()
      const outbox = new Outbox(store, chain)
      return new Republisher({ ...seatOf(self), chain, outbox, logger: recordingLogger([]) })
    }

    it('publishes its note once', async () => {
      const republisher = republisherOf(own)
      republisher.checkpointed(replaced(null, '0x'))
      for (let i = 0; i < 5; i += 1) await republisher.poll(HEAD)
      expect(chain.sent).to.deep.equal([`republish ${TASK_ID} up to ${HEIGHT}`])
    })

    it('publishes it once more where a re-org took it back, until its event has been read', async () => {
      const republisher = republisherOf(own)
      republisher.checkpointed(replaced(null, '0x'))
      await republisher.poll(HEAD)
      const settled = HEAD + chain.reorgDepth
      await republisher.poll(settled - 1)
      expect(chain.sent).to.have.length(1)
      // so deep, and no event of it: it is gone
      await republisher.poll(settled)
      expect(chain.sent).to.have.length(2)
      const copy = {
        block: settled,
        taskId: TASK_ID,
        height: HEIGHT,
        hints: '0x',
        notes: box.notes.get(own)!,
      } as const
      republisher.republished({ kind: 'republished', ...copy })
      for (let i = 1; i < 20; i += 1) await republisher.poll(settled + i)
      expect(chain.sent).to.have.length(2)
    })

    it('does not insist where the contract refuses it', async () => {
      const republisher = republisherOf(own)
      chain.outcome = () => ({ kind: 'reverted', error: 'NoCheckpoint' })
      republisher.checkpointed(replaced(null, '0x'))
      for (let i = 0; i < 40; i += 1) await republisher.poll(HEAD + i)
      expect(chain.sent).to.have.length(1)
    })

    it('leaves hints to the member whose turn it is, for a while', async () => {
      const republisher = republisherOf(shared)
      const checkpoint = replaced(7, call.notes)
      const { hints } = republishOf(seatOf(shared), checkpoint, [])!
      chain.log.turn = shared + 1
      republisher.checkpointed(checkpoint)
      for (let i = 0; i < 3; i += 1) await republisher.poll(HEAD)
      expect(chain.sent).to.deep.equal([])
      republisher.republished({
        kind: 'republished',
        block: 2,
        taskId: TASK_ID,
        height: HEIGHT,
        hints,
        notes: '0x',
      })
      for (let i = 0; i < 20; i += 1) await republisher.poll(HEAD)
      expect(chain.sent).to.deep.equal([])

      const alone = republisherOf(shared)
      chain.log.turn = shared + 1
      alone.checkpointed(checkpoint)
      for (let i = 0; i < 20; i += 1) await alone.poll(HEAD)
      expect(chain.sent).to.have.length(1)
    })

    it('tries again where the endpoint did not answer', async () => {
      const republisher = republisherOf(shared)
      chain.log.turn = shared
      republisher.checkpointed(replaced(7, call.notes))
      chain.before = (method) => {
        if (method === 'logHead') throw chainFault('E_RPC_DOWN')
      }
      await republisher.poll(HEAD).then(
        () => expect.fail('it did not throw'),
        () => undefined,
      )
      chain.before = () => undefined
      await republisher.poll(HEAD)
      expect(chain.sent).to.have.length(1)
    })
  })
})
