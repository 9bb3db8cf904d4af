import { expect } from 'chai'
import { decodeBatch, decodeExceptions, decodeInputs } from '../../../src/codec/batch.ts'
import { membersOf } from '../../../src/codec/bitmap.ts'
import { byteLength, concatHex, keccak } from '../../../src/codec/hex.ts'
import { decodeNotes } from '../../../src/codec/notes.ts'
import { valueHash } from '../../../src/codec/objects.ts'
import { appendRoot, rootStart } from '../../../src/codec/roots.ts'
import { checkpointCall, rootBefore } from '../../../src/node/checkpoint-call.ts'
import type { CheckpointSources } from '../../../src/node/checkpoint-call.ts'
import type { CheckpointCall } from '../../../src/ports/chain.ts'
import type { CheckpointBox } from '../../../src/protocol/state.ts'
import type { Digest, Hex } from '../../../src/types/ids.ts'
import { NIL } from '../../../src/types/ids.ts'
import { disturbedCluster, EPOCH, HEIGHTS } from '../../helpers/disturbed-cluster.ts'
import type { RunnerCluster } from '../../helpers/runner-cluster.ts'
import { TASK_ID } from '../../helpers/runner-cluster.ts'
import { foldedHead } from '../../helpers/runner-cluster-judge.ts'

describe('checkpointCall', () => {
  let world: RunnerCluster
  let sources: CheckpointSources
  let values: Digest[]

  before(async () => {
    world = await disturbedCluster()
    const { cluster, params } = world
    sources = {
      taskId: TASK_ID,
      cluster: cluster.id,
      members: cluster.members.length,
      params,
      store: world.seat(0).store!,
    }
    values = sources.store.heights(cluster.id, 1, HEIGHTS).map(({ value }) => value)
  })

  /** The fullest checkpoint that a member has collected. */
  function boxOf(height: number, member = 0): CheckpointBox {
    const boxes = world.seat(member).certified.filter((box) => box.height === height)
    return boxes.toSorted((a, b) => b.signed.size - a.signed.size)[0]!
  }

  function callOf(height: number, changes: Partial<CheckpointBox> = {}): CheckpointCall {
    const call = checkpointCall(sources, { ...boxOf(height), ...changes }, height - EPOCH)
    return call ?? expect.fail('no call')
  }

  it('the world is disturbed: heads differ, in rounds and by a restart', () => {
    expect(world.seat(1).log.some(({ event }) => event === 'RESET')).to.equal(true)
    expect(decodeExceptions(callOf(EPOCH).exceptions)!.length).to.be.greaterThan(0)
  })

  for (const height of [EPOCH, HEIGHTS]) {
    describe(`heights up to ${height}`, () => {
      let call: CheckpointCall
      let box: CheckpointBox

      before(() => {
        call = callOf(height)
        box = boxOf(height)
      })

      it('the batch brings the values, and so the root that everybody signed', () => {
        const batch = decodeBatch(call.batch, world.cluster.members.length)!
        expect(batch).to.have.length(EPOCH)
        let eventSeq = 0
        const batched = batch.map(({ stateHash, inputsRoot, inputs, eventSeqDelta }) => {
          eventSeq += eventSeqDelta
          return valueHash({ stateHash, inputsRoot, inputs, eventSeq, eventsHash: NIL })
        })
        expect(call.first).to.equal(height - EPOCH + 1)
        expect(batched).to.deep.equal(values.slice(call.first - 1, height))
        const root = values.slice(0, height).reduce(appendRoot, rootStart(world.cluster.id))
        for (const { object } of box.signed.values()) expect(object.root).to.equal(root)
      })

      it('the shared head is the fold over the hints', () => {
        const hints = [
          ...Array<number>(call.first - 1).fill(0),
          ...decodeBatch(call.batch, world.cluster.members.length)!.map(({ hint }) => hint),
        ]
        const fold = foldedHead(world.cluster.id, EPOCH, height, values, null, 0, hints)
        expect({ seq: call.sharedSeq, head: call.sharedHead }).to.deep.equal(fold)
      })

      it('each signer’s head is the shared one or an exception, and its note folds to it', () => {
        const exceptions = new Map(decodeExceptions(call.exceptions)!.map((one) => [one.member, one]))
        const first = call.first
        const valueOf = (at: number): Digest => values[at - 1] ?? NIL
        const noted = new Set(decodeNotes(call.notes, { first, valueOf })!.map(({ member }) => member))
        for (const { member, object } of box.signed.values()) {
          const exception = exceptions.get(member)
          const head = exception ?? { logSeq: call.sharedSeq, logHead: call.sharedHead }
          expect([head.logSeq, head.logHead]).to.deep.equal([object.logSeq, object.logHead])
          if (exception === undefined) continue
          const note: Hex | null = noted.has(member) ? (box.notes.get(member) ?? null) : null
          const fold = foldedHead(world.cluster.id, EPOCH, height, values, note, member)
          expect(fold).to.deep.equal({ seq: object.logSeq, head: object.logHead })
        }
      })

      it('one signature per bit, by member', () => {
        const members = membersOf(call.bitmap)
        expect(members).to.deep.equal([...box.signed.keys()].toSorted((a, b) => a - b))
        expect(byteLength(call.signatures)).to.equal(65 * members.length)
        expect(call.signatures).to.equal(
          concatHex(...members.map((member) => box.signed.get(member)!.signature)),
        )
      })

      it('the inputs are those listed, with their states', () => {
        const heights = sources.store.heights(world.cluster.id, call.first, EPOCH)
        const published = decodeInputs(call.inputs)!
        expect(published).to.have.length(EPOCH)
        for (const [i, { decided }] of heights.entries()) {
          const listed = decided.inputs.map(({ member, object }) => [
            member,
            object.type === 'status' ? object.stateHash : null,
          ])
          expect(
            published[i]!.map((input) => [
              input.member,
              input.kind === 'status' ? keccak(input.state) : null,
            ]),
          ).to.deep.equal(listed)
        }
      })
    })
  }

  it('no inputs where the task publishes none', () => {
    const quiet = { ...sources, params: { ...sources.params, calldataInputs: false } }
    expect(checkpointCall(quiet, boxOf(EPOCH), 0)!.inputs).to.equal('0x')
  })

  describe('is null', () => {
    it('for a range that is not within one epoch', () => {
      expect(checkpointCall(sources, boxOf(HEIGHTS), 0)).to.equal(null)
      expect(checkpointCall(sources, boxOf(HEIGHTS), EPOCH - 1)).to.equal(null)
    })

    it('for a height that the chain has', () => {
      expect(checkpointCall(sources, boxOf(EPOCH), EPOCH)).to.equal(null)
      expect(checkpointCall(sources, boxOf(EPOCH), HEIGHTS)).to.equal(null)
    })

    it('where the store does not reach that far', () => {
      const short: CheckpointSources = {
        ...sources,
        store: Object.assign(Object.create(sources.store) as typeof sources.store, {
          heights: (cluster: Digest, from: number, count: number) =>
            sources.store.heights(cluster, from, count).filter(({ decided }) => decided.height < HEIGHTS),
        }),
      }
      expect(checkpointCall(short, boxOf(HEIGHTS), EPOCH)).to.equal(null)
    })
  })

  describe('notes of others are only passed on if they can be read', () => {
    const bad: readonly (readonly [what: string, spoil: (note: Hex) => Hex])[] = [
      ['no note at all', () => '0x1234'],
      ['of another member', (note) => `0x03${note.slice(4)}`],
      ['two notes', (note) => concatHex(note, `0x03${note.slice(4)}`)],
      ['cut short', (note) => note.slice(0, -2) as Hex],
    ]
    for (const [what, spoil] of bad) {
      it(what, () => {
        const { notes } = boxOf(EPOCH)
        const note = notes.get(1)!
        const others = [...notes].filter(([member]) => member !== 1)
        const call = callOf(EPOCH, { notes: new Map([...others, [1, spoil(note)]]) })
        expect(call.notes).to.equal(callOf(EPOCH, { notes: new Map(others) }).notes)
        expect(call.notes).not.to.equal(callOf(EPOCH).notes)
      })
    }
  })

  it('rootBefore is the root of the heights before', () => {
    const { store, cluster } = sources
    expect(rootBefore(store, cluster, 1)).to.equal(rootStart(cluster))
    expect(rootBefore(store, cluster, HEIGHTS)).to.equal(
      values.slice(0, HEIGHTS - 1).reduce(appendRoot, rootStart(cluster)),
    )
  })
})
