import { expect } from 'chai'
import { MemoryDisk } from '../../../src/adapters/memory/store.ts'
import { bitmapOf } from '../../../src/codec/bitmap.ts'
import { appendLog, logStart } from '../../../src/codec/log.ts'
import { appendRoot, rootStart } from '../../../src/codec/roots.ts'
import { engineConfig } from '../../../src/node/engine-config.ts'
import { missingCheckpoint, restoredTask } from '../../../src/node/restored.ts'
import type { Store } from '../../../src/ports/store.ts'
import type { RestoredTask } from '../../../src/protocol/restore.ts'
import { NIL } from '../../../src/types/ids.ts'
import type { LogEntry } from '../../../src/types/log.ts'
import type { Signed, SignedInput } from '../../../src/types/objects.ts'
import { realCluster, taskParams } from '../../helpers/runner-cluster.ts'
import {
  CLUSTER,
  decidedHeight,
  digestOf,
  entries,
  OWNER,
  share,
  signed,
  status,
} from '../../helpers/store-kit.ts'

const EPOCHS = { heights: 600, epochHeights: 2 }

describe('restoredTask', () => {
  let store: Store

  beforeEach(() => (store = new MemoryDisk().open(OWNER)))

  /** Decides a height whose list holds the STATUS of some members and the CLOSE of others. */
  function decide(height: number, staying: readonly number[], leaving: readonly number[] = []): void {
    const { stored, bodies } = decidedHeight(height)
    const inputs = bitmapOf([...staying, ...leaving])
    const listed: SignedInput[] = [
      ...staying.map((member) => signed(status(height), member)),
      ...leaving.map((member) => signed({ type: 'close' } as const, member)),
    ].sort((a, b) => a.member - b.member)
    const vote = signed({ ...share(height, 0, `state ${height}`), inputs }, 0)
    store.decide(CLUSTER, { ...stored, decided: { ...stored.decided, share: vote, inputs: listed } }, bodies)
  }

  it('of a task that never ran is empty', () => {
    const { decided, signed: own, entries, left } = restoredTask(store, CLUSTER, EPOCHS)
    expect([decided, own, entries, left]).to.deep.equal([[], [], [], 0n])
  })

  it('has every decided height, in order', () => {
    for (const height of [1, 2, 3]) decide(height, [0, 1, 2, 3])
    const { decided } = restoredTask(store, CLUSTER, EPOCHS)
    expect(decided.map(({ chain }) => chain.height)).to.deep.equal([1, 2, 3])
    expect(decided.map(({ value }) => value)).to.deep.equal(decided.map(({ chain }) => chain.value))
  })

  describe('knows who left', () => {
    it('nobody did who was only late', () => {
      decide(1, [0, 1, 2, 3])
      decide(2, [0, 1, 2])
      decide(3, [1, 2, 3])
      expect(restoredTask(store, CLUSTER, EPOCHS).left).to.equal(0n)
    })

    it('with the last height, or long ago', () => {
      decide(1, [0, 1, 2, 3, 4])
      decide(2, [0, 1, 2, 4], [3])
      decide(3, [0, 1, 4])
      decide(4, [0, 2, 4])
      decide(5, [0, 1, 2], [4])
      expect(restoredTask(store, CLUSTER, EPOCHS).left).to.equal(bitmapOf([3, 4]))
    })
  })

  it('reads few heights however many there are', () => {
    for (let height = 1; height <= 600; height += 1) decide(height, [0, 1, 2, 3])
    let read = 0
    const counting: Store = Object.assign(Object.create(store) as Store, {
      heights: (...args: Parameters<Store['heights']>) => {
        const found = store.heights(...args)
        read += found.length
        return found
      },
      load: () => store.load(CLUSTER),
    })
    expect(restoredTask(counting, CLUSTER, EPOCHS).decided).to.have.length(600)
    expect(read).to.be.at.most(1)
  })
})

describe('missingCheckpoint', () => {
  const config = engineConfig({
    cluster: { ...realCluster(4), id: CLUSTER },
    self: 0,
    params: taskParams({ heights: 6, epochHeights: 2 }),
    reducer: 'rate-limit@1',
  })
  const decided = (count: number): RestoredTask['decided'] =>
    Array.from({ length: count }, (_, i) => {
      const value = digestOf(`value ${i + 1}`)
      return { value, chain: { height: i + 1, value, stateHash: value, inputs: 15n, eventSeq: 0 } }
    })
  const task = (heights: number, log: readonly LogEntry[], own: readonly Signed[] = []): RestoredTask => ({
    entries: log,
    signed: own,
    proofs: [],
    decided: decided(heights),
  })

  it('is due where the last decision ends an epoch', () => {
    const found = missingCheckpoint(config, task(2, [...entries(1, 1, 4), ...entries(2, 5, 8)]))
    const root = decided(2).reduce((before, { value }) => appendRoot(before, value), rootStart(CLUSTER))
    const logHead = [...entries(1, 1, 4), ...entries(2, 5, 8)].reduce(appendLog, logStart(CLUSTER, 0))
    expect(found?.object).to.deep.equal({
      type: 'checkpoint',
      height: 2,
      root,
      logSeq: 8,
      logHead,
      inputsHash: NIL,
    })
    // these entries are no shared log, so nobody could tell the head without a note
    expect(found?.note).to.be.a('string')
  })

  it('is not due within an epoch, nor before height 1', () => {
    expect(missingCheckpoint(config, task(3, entries(3, 1, 4)))).to.equal(null)
    expect(missingCheckpoint(config, task(0, []))).to.equal(null)
  })

  it('is not due where it was signed', () => {
    const own = signed({
      type: 'checkpoint',
      height: 2,
      root: NIL,
      logSeq: 1,
      logHead: NIL,
      inputsHash: NIL,
    } as const)
    expect(missingCheckpoint(config, task(2, entries(2, 1, 8), [own]))).to.equal(null)
  })

  it('cannot be signed any more where the log has gone on: its head would be another', () => {
    expect(missingCheckpoint(config, task(2, entries(3, 1, 2)))).to.equal(null)
  })
})
