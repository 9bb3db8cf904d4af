import { expect } from 'chai'
import { decodeNotes } from '../../../src/codec/notes.ts'
import { decodeInputs, encodeInputs, publishedInputs } from '../../../src/codec/batch.ts'
import { keccak } from '../../../src/codec/hex.ts'
import { appendRoot, rootStart } from '../../../src/codec/roots.ts'
import { isCheckpointHeight, NOTE_BYTES_MAX, ownNote } from '../../../src/protocol/checkpoint.ts'
import type { LogState } from '../../../src/protocol/phase-log.ts'
import { append, emptyLog, sharedSteps } from '../../../src/protocol/phase-log.ts'
import type { EpochRecord } from '../../../src/protocol/state.ts'
import type { Digest } from '../../../src/types/ids.ts'
import { NIL } from '../../../src/types/ids.ts'
import type { LogEntry } from '../../../src/types/log.ts'
import type { Checkpoint } from '../../../src/types/objects.ts'
import { EngineCluster } from '../../helpers/engine-cluster.ts'
import { EngineBench } from '../../helpers/engine-cluster-bench.ts'

const { config } = new EngineBench({ epochHeights: 4, heights: 10 }).state
const VALUES = [keccak('0x01'), keccak('0x02'), keccak('0x03')] as const

/** An epoch of three heights, decided in the rounds given; `cut` leaves out the first entries of the second. */
function epochOf(
  rounds: readonly number[],
  edit: (entries: LogEntry[]) => LogEntry[] = (all) => all,
): EpochRecord {
  let log: LogState = emptyLog(config.cluster.id)
  const entries: LogEntry[] = []
  VALUES.forEach((value, i) => {
    const previous: Digest = VALUES[i - 1] ?? NIL
    for (const step of sharedSteps(rounds[i] ?? 0, value, previous, log.status)) {
      const where = { cluster: config.cluster.id, epochHeights: 4 }
      const { log: next, entry } = append(log, where, step.event, { ...step, height: i + 1 })
      log = next
      entries.push(entry)
    }
  })
  return { first: 1, previous: NIL, values: VALUES, entries: edit(entries), inputs: '0x' }
}

const heightsOf = (epoch: EpochRecord): number[] | null => {
  const note = ownNote(config, epoch)
  if (note === null) return null
  const valueOf = (height: number): Digest => VALUES[height - 1] ?? NIL
  const [decoded] = decodeNotes(note, { first: 1, valueOf }) ?? []
  const stated = (decoded?.entries ?? []).map(({ event, height, round, value }) => ({
    event,
    height,
    round,
    value,
  }))
  const meant = epoch.entries.filter(({ height }) => stated.some((entry) => entry.height === height))
  expect(stated).to.deep.equal(
    meant.map(({ event, height, round, value }) => ({ event, height, round, value })),
  )
  return [...new Set(stated.map((entry) => entry.height))]
}

describe('own note', () => {
  it('none for the shared log of round 0: a member that needs no note needs none', () => {
    expect(heightsOf(epochOf([0, 0, 0]))).to.equal(null)
  })

  it('names every height that took more rounds, even if all took them', () => {
    expect(heightsOf(epochOf([0, 1, 0]))).to.deep.equal([2])
    expect(heightsOf(epochOf([2, 0, 1]))).to.deep.equal([1, 3])
  })

  it('names a height with another value in it', () => {
    const other = epochOf([0, 0, 0], (entries) =>
      entries.map((entry) => (entry.height === 2 && entry.event === 't2' ? { ...entry, value: NIL } : entry)),
    )
    expect(heightsOf(other)).to.deep.equal([2])
  })

  it('names a height with a RESET', () => {
    const reset = epochOf([0, 0, 0], (entries) => {
      const at = entries.findIndex((entry) => entry.height === 3)
      const extra = { ...entries[at]!, event: 'RESET', to: 'INITIAL' } as const
      return [...entries.slice(0, at + 1), extra, ...entries.slice(at + 1)]
    })
    expect(heightsOf(reset)).to.deep.equal([3])
  })

  it('none if a round cannot be named: the member is then shown as a gap', () => {
    expect(ownNote(config, epochOf([0, 256, 0]))).to.equal(null)
  })

  it('none above NOTE_BYTES_MAX', () => {
    const long = epochOf([250, 250, 250], (entries) =>
      entries.map((entry) => ({ ...entry, value: keccak('0x77') })),
    )
    expect(long.entries.length * 37).to.be.greaterThan(NOTE_BYTES_MAX)
    expect(ownNote(config, long)).to.equal(null)
  })
})

describe('checkpoints', () => {
  it('are due at the end of an epoch and of the task', () => {
    const due = Array.from({ length: 14 }, (_, height) => height).filter((height) =>
      isCheckpointHeight(config, height),
    )
    expect(due).to.deep.equal([4, 8, 10])
  })

  it('say root and log head after the decision; undisturbed members say the same', () => {
    const world = new EngineCluster({ n: 4, heights: 4, epochHeights: 2 }).start()
    expect(world.run(4, 400)).to.equal(true)
    const signed = world.honest.map((member) => world.memory(member).signed.get('checkpoint/4')!.object)
    expect(new Set(signed.map((object) => JSON.stringify(object))).size).to.equal(1)
    const root = world
      .memory(0)
      .decisions.reduce((before, { value }) => appendRoot(before, value), rootStart(world.cluster.id))
    expect(signed[0]).to.include({ root, logSeq: 8, logHead: world.engine(0).log.head })
  })

  describe('of a member that was cut off', () => {
    /** Member 3 decides nothing of the epochs up to `height`, then hears of them, and of what the chain has of them. */
    function caughtUp(height: number, anchored: number) {
      let isCut = true
      const world = new EngineCluster({
        n: 4,
        heights: 6,
        epochHeights: 2,
        fate: ({ from, to }) => (isCut && (from === 3 || to === 3) ? [] : [1]),
      }).start()
      for (let i = 0; i < 1_000 && world.engine(0).chain.height < height; i += 1) world.tick()
      expect(world.engine(3).chain.height).to.equal(0)
      world.input(3, { kind: 'checkpointed', height: anchored })
      isCut = false
      expect(world.run(height, 1_000)).to.equal(true)
      return world.memory(3).signed
    }

    it('are not signed where the chain has them: they are of no use any more', () => {
      const signed = caughtUp(5, 4)
      expect([signed.has('checkpoint/2'), signed.has('checkpoint/4')]).to.deep.equal([false, false])
    })
  })

  it('carry the hash of the inputs that are published with them, and NIL where none are', () => {
    for (const publishesInputs of [true, false]) {
      const world = new EngineCluster({ n: 4, heights: 2, epochHeights: 2, publishesInputs }).start()
      expect(world.run(2, 400)).to.equal(true)
      const { decisions, bodies, signed } = world.memory(0)
      const packed = encodeInputs(
        decisions.map(({ decided }) => publishedInputs(decided.inputs, (hash) => bodies.get(hash) ?? null)),
      )
      const object = signed.get('checkpoint/2')?.object
      expect(object).to.include({ inputsHash: publishesInputs ? keccak(packed) : NIL })
      expect(decodeInputs(packed)).to.have.length(2)
    }
  })

  it('M-1 a signature for other inputs counts for nothing', () => {
    for (const inputsHash of [NIL, keccak('0x01')]) {
      const bench = new EngineBench({ fate: () => [1], heights: 2, epochHeights: 2 })
      bench.world.silent.add(3)
      bench.world.start()
      bench.world.run(1, 400)
      // the root that all will sign: this world without the liar
      const twin = new EngineCluster({ n: 4, fate: () => [1], heights: 2, epochHeights: 2 })
      twin.silent.add(3)
      twin.start().run(2, 400)
      const honest = twin.memory(1).signed.get('checkpoint/2')?.object as Checkpoint
      bench.hear(1, bench.sign(1, { ...honest, inputsHash }))
      bench.world.run(2, 400)
      for (let i = 0; i < 3; i += 1) bench.world.tick()
      expect(bench.taken('certified')).to.have.length(inputsHash === NIL ? 1 : 0)
    }
  })

  it('are handed over with signatures of quorum weight for the own root, and again with each further one', () => {
    const bench = new EngineBench({ fate: () => [1], heights: 2, epochHeights: 2 })
    bench.world.silent.add(3)
    bench.world.start()
    expect(bench.world.run(2, 400)).to.equal(true)
    for (let i = 0; i < 3; i += 1) bench.world.tick()
    const sizes = bench.taken('certified').map(({ checkpoint }) => checkpoint.signed.size)
    expect(sizes).to.deep.equal([3])
  })

  it('a signature for another root counts for nothing', () => {
    const bench = new EngineBench({ fate: () => [1], heights: 2, epochHeights: 2 })
    bench.world.silent.add(3)
    const wrong = {
      type: 'checkpoint',
      height: 2,
      root: NIL,
      logSeq: 8,
      logHead: NIL,
      inputsHash: NIL,
    } as const
    bench.hear(1, bench.sign(1, wrong))
    bench.world.start()
    bench.world.run(2, 400)
    for (let i = 0; i < 3; i += 1) bench.world.tick()
    expect(bench.taken('certified')).to.have.length(0)
  })

  it('are kept for heights that can be one, not for all', () => {
    const bench = new EngineBench({ heights: 100, epochHeights: 4 })
    for (const height of [0, 1, 3, 4, 8, 16, 20, 400]) {
      bench.hear(
        1,
        bench.sign(1, { type: 'checkpoint', height, root: NIL, logSeq: 1, logHead: NIL, inputsHash: NIL }),
      )
    }
    expect([...bench.state.checkpoints.keys()]).to.deep.equal([4, 8, 16])
  })
})
