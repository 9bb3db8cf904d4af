import { expect } from 'chai'
import { MemoryDisk } from '../../../src/adapters/memory/store.ts'
import { bitmapOf } from '../../../src/codec/bitmap.ts'
import { appendLog, logStart } from '../../../src/codec/log.ts'
import { appendRoot, rootStart } from '../../../src/codec/roots.ts'
import { engineConfig } from '../../../src/node/engine-config.ts'
import { missingCheckpoints, restoredTask } from '../../../src/node/restored.ts'
import type { Store } from '../../../src/ports/store.ts'
import type { RestoredTask } from '../../../src/protocol/restore.ts'
import { NIL } from '../../../src/types/ids.ts'
import type { LogEntry } from '../../../src/types/log.ts'
import type { Checkpoint, Signed, SignedInput } from '../../../src/types/objects.ts'
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

describe('missingCheckpoints', () => {
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
  const task = (heights: number, log: readonly LogEntry[]): RestoredTask => ({
    entries: log,
    signed: [],
    proofs: [],
    decided: decided(heights),
  })

  /** What the store has: a log, and own CHECKPOINTs. */
  const stored = (log: readonly LogEntry[], own: readonly Signed[] = []) => ({
    log: (_: unknown, first: number, last: number) =>
      log.filter(({ height }) => height >= first && height <= last),
    checkpoint: (_: unknown, at: number) => {
      const found = own.find(({ object }) => object.type === 'checkpoint' && object.height === at)
      return found === undefined ? null : { signed: found as Signed<Checkpoint>, note: null }
    },
    heights: () => [],
    body: () => null,
  })
  const missing = (heights: number, log: readonly LogEntry[], own: readonly Signed[] = []) =>
    missingCheckpoints(stored(log, own), config, task(heights, log))
  const rootOf = (count: number) =>
    decided(count).reduce((before, { value }) => appendRoot(before, value), rootStart(CLUSTER))
  const head = (epoch: number, log: readonly LogEntry[]) => log.reduce(appendLog, logStart(CLUSTER, epoch))
  const own = (height: number): Signed =>
    signed({ type: 'checkpoint', height, root: NIL, logSeq: 1, logHead: NIL, inputsHash: NIL } as const)

  it('is due where the last decision ends an epoch', () => {
    const log = [...entries(1, 1, 4), ...entries(2, 5, 8)]
    const [found, ...more] = missing(2, log)
    expect(more).to.deep.equal([])
    expect(found?.object).to.deep.equal({
      type: 'checkpoint',
      height: 2,
      root: rootOf(2),
      logSeq: 8,
      logHead: head(0, log),
      inputsHash: NIL,
    })
    // these entries are no shared log, so nobody could tell the head without a note
    expect(found?.note).to.be.a('string')
  })

  it('is due of every epoch after the last signed one, each with the log of its epoch', () => {
    const epochs = [1, 3, 5].map((first) => [...entries(first, 1, 4), ...entries(first + 1, 5, 8)])
    const found = missing(6, epochs.flat(), [own(2)])
    expect(
      found.map(({ object }) => [object.height, object.root, object.logSeq, object.logHead]),
    ).to.deep.equal([
      [4, rootOf(4), 8, head(1, epochs[1]!)],
      [6, rootOf(6), 8, head(2, epochs[2]!)],
    ])
  })

  it('of an epoch that is over is due where the next one has begun', () => {
    const first = [...entries(1, 1, 4), ...entries(2, 5, 8)]
    const found = missing(3, [...first, ...entries(3, 1, 4)])
    expect(found.map(({ object }) => [object.height, object.logHead])).to.deep.equal([[2, head(0, first)]])
  })

  it('is not due within an epoch, nor before height 1', () => {
    expect(missing(1, entries(1, 1, 4))).to.deep.equal([])
    expect(missing(0, [])).to.deep.equal([])
  })

  it('is not due where it was signed', () => {
    expect(missing(2, entries(2, 1, 8), [own(2)])).to.deep.equal([])
  })

  it('cannot be signed where the log of its height is not there', () => {
    expect(missing(2, entries(3, 1, 2))).to.deep.equal([])
  })
})
