import { expect } from 'chai'
import type { AnchoredBatch } from '../../../src/audit/checkpoints.ts'
import { Judge } from '../../../src/audit/judge.ts'
import type { Convicts } from '../../../src/audit/member-logs.ts'
import { checkMemberLogs } from '../../../src/audit/member-logs.ts'
import { decodeBatch, decodeExceptions } from '../../../src/codec/batch.ts'
import { valueHash } from '../../../src/codec/objects.ts'
import { checkpointCall } from '../../../src/node/checkpoint-call.ts'
import type { CheckpointSources } from '../../../src/node/checkpoint-call.ts'
import type { CheckpointBox } from '../../../src/protocol/state.ts'
import type { MemberIndex } from '../../../src/types/ids.ts'
import { NIL } from '../../../src/types/ids.ts'
import { EngineCluster } from '../../helpers/engine-cluster.ts'

const HEIGHTS = 12
const EPOCH = 4

const NOBODY: Convicts = { illegal: new Set(), twoFaced: new Set() }

/** Deterministic dice (mulberry32). */
function dice(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Runs real engines through loss, expired reducers, restarts and a departure; returns them with the last certificates. */
function runEngines(seed: number): { world: EngineCluster; boxes: ReadonlyMap<number, CheckpointBox> } {
  const roll = dice(seed)
  const boxes = new Map<number, CheckpointBox>()
  const world = new EngineCluster({
    n: 4,
    heights: HEIGHTS,
    epochHeights: EPOCH,
    fate: () => (roll() < 0.2 ? [] : [1 + Math.floor(roll() * 5)]),
    expires: () => roll() < 0.05,
    onEffect: (_, __, effect) => {
      if (effect.kind !== 'certified') return
      const before = boxes.get(effect.checkpoint.height)
      if (before === undefined || before.signed.size <= effect.checkpoint.signed.size)
        boxes.set(effect.checkpoint.height, effect.checkpoint)
    },
  })
  world.start()
  if (seed % 3 === 0) world.input(3, { kind: 'close' })
  for (let i = 0; i < 8_000 && !world.run(HEIGHTS, 1); i += 1) {
    if (roll() < 0.004) world.restart(Math.floor(roll() * 4))
  }
  for (let i = 0; i < 400; i += 1) world.tick()
  return { world, boxes }
}

/** The batches as a node would hand them to the chain, without the chain. */
function anchoredBatches(
  judge: Judge,
  world: EngineCluster,
  boxes: ReadonlyMap<number, CheckpointBox>,
): AnchoredBatch[] {
  const { decisions, bodies } = world.memory(0)
  const store = {
    heights: (_: unknown, from: number, count: number) =>
      decisions.filter(({ decided }) => decided.height >= from && decided.height < from + count),
    body: (_: unknown, hash: `0x${string}`) => bodies.get(hash) ?? null,
  }
  const params = { epochHeights: EPOCH, calldataInputs: false }
  const sources = {
    taskId: 1n,
    cluster: world.cluster.id,
    members: world.cluster.members.length,
    params,
    store,
  } as unknown as CheckpointSources
  let eventSeq = 0
  return [...boxes.values()]
    .sort((a, b) => a.height - b.height)
    .map((box): AnchoredBatch => {
      const call = checkpointCall(sources, box, box.height - EPOCH)!
      const heights = decodeBatch(call.batch, world.cluster.members.length)!.map((one, i) => {
        const { hint, stateHash, inputsRoot, inputs, eventSeqDelta } = one
        eventSeq += eventSeqDelta
        const value = valueHash({ stateHash, inputsRoot, inputs, eventSeq, eventsHash: NIL })
        return { height: call.first + i, parent: NIL, inputs, hint, stateHash, inputsRoot, eventSeq, value }
      })
      const exceptions = new Set(decodeExceptions(call.exceptions)!.map(({ member }) => member))
      const heads = [...box.signed].map(([member, { object }]) => {
        const { logSeq, logHead } = object
        return [member, { logSeq, logHead, shared: !exceptions.has(member) }] as const
      })
      return {
        source: { args: { notes: call.notes } } as AnchoredBatch['source'],
        bench: judge.at('checkpoint', `heights from ${call.first}`),
        block: 1n,
        first: call.first,
        heights,
        previous: decisions[call.first - 2]?.value ?? NIL,
        root: NIL,
        rootBeforeLast: NIL,
        certificate: { heads: new Map(heads), quorum: true, claimed: heads.length },
      }
    })
}

describe('audit of logs that real engines wrote', () => {
  for (let seed = 1; seed <= 12; seed += 1) {
    it(`rebuilds every signed log, seed ${seed}`, () => {
      const { world, boxes } = runEngines(seed)
      expect(boxes.size).to.equal(HEIGHTS / EPOCH)
      const judge = new Judge(() => null)
      const batches = anchoredBatches(judge, world, boxes)
      const closing = new Set(
        world
          .memory(0)
          .decisions.filter(({ decided }) => decided.inputs.some(({ object }) => object.type === 'close'))
          .map(({ decided }) => decided.height),
      )
      const { logs } = checkMemberLogs(judge, batches, world.cluster, EPOCH, closing, NOBODY, [])
      expect(judge.findings).to.deep.equal([])
      expect(judge.unavailable).to.deep.equal([])
      for (const { index } of world.cluster.members) {
        for (const batch of batches) {
          const expected = batch.certificate.heads.has(index) ? signedEntries(world, index, batch) : []
          const rebuilt = (logs.get(index) ?? []).filter(({ height }) => isIn(batch, height))
          expect(rebuilt).to.deep.equal(expected)
        }
      }
    })
  }

  describe('a head that no log leads to', () => {
    const FIRST = 1 + EPOCH
    /** A member whose CHECKPOINTs of this epoch and the one before are in the certificates. */
    const LIAR = [0, 1, 2, 3].find((member) =>
      [EPOCH, 2 * EPOCH].every((height) => runEngines(1).boxes.get(height)?.signed.has(member)),
    )!

    function audit(convicts: Convicts): { judge: Judge; logs: ReturnType<typeof checkMemberLogs> } {
      const { world, boxes } = runEngines(1)
      const judge = new Judge(() => null)
      const batches = anchoredBatches(judge, world, boxes).map((batch): AnchoredBatch => {
        const head = batch.certificate.heads.get(LIAR)
        if (batch.first !== FIRST || head === undefined) return batch
        const heads = new Map(batch.certificate.heads).set(LIAR, { ...head, logHead: NIL })
        return { ...batch, certificate: { ...batch.certificate, heads } }
      })
      return { judge, logs: checkMemberLogs(judge, batches, world.cluster, EPOCH, new Set(), convicts, []) }
    }
    const twoFaced = (member: MemberIndex): Convicts => ({ ...NOBODY, twoFaced: new Set([member]) })

    for (const [what, convicts] of [
      ['of a member that nobody convicted', NOBODY],
      [
        'of one that was convicted of an illegal log, which is another thing',
        { ...NOBODY, illegal: new Set([LIAR]) },
      ],
      ['where another member signed two CHECKPOINTs', twoFaced(LIAR + 1)],
    ] as const) {
      it(`${what} is a finding`, () => {
        const { judge } = audit(convicts)
        expect([...judge.findings, ...judge.unavailable]).not.to.deep.equal([])
      })
    }

    it('is none where the member was convicted of signing two CHECKPOINTs: nothing is known of its log', () => {
      const { judge, logs } = audit(twoFaced(LIAR))
      expect([...judge.findings, ...judge.unavailable]).to.deep.equal([])
      expect(logs.gaps).to.deep.include({ member: LIAR, first: FIRST, last: 2 * EPOCH })
      const heights = new Set(logs.logs.get(LIAR)?.map(({ height }) => height))
      expect([...heights].some((height) => height >= FIRST && height <= 2 * EPOCH)).to.equal(false)
      expect(heights.has(1)).to.equal(true)
    })
  })

  it('judges no step of a log whose member was convicted for it', () => {
    const { world, boxes } = runEngines(1)
    const judge = new Judge(() => null)
    const batches = anchoredBatches(judge, world, boxes)
    const illegal = new Set([2])
    const { logs } = checkMemberLogs(
      judge,
      batches,
      world.cluster,
      EPOCH,
      new Set(),
      { ...NOBODY, illegal },
      [],
    )
    expect(logs.get(2)).to.deep.equal([])
    expect(logs.get(1)).not.to.deep.equal([])
  })

  it('meets disturbed logs at all', () => {
    const noted = Array.from({ length: 12 }, (_, i) => runEngines(i + 1)).flatMap(({ boxes }) =>
      [...boxes.values()].map(({ notes }) => notes.size),
    )
    expect(noted.reduce((sum, size) => sum + size, 0)).to.be.greaterThan(10)
  })
})

const isIn = ({ first, heights }: AnchoredBatch, height: number): boolean =>
  height >= first && height < first + heights.length

/** What a member had logged when it signed: entries behind the signed length belong to nobody yet. */
function signedEntries(world: EngineCluster, member: MemberIndex, batch: AnchoredBatch) {
  const entries = world.memory(member).log.filter(({ height }) => isIn(batch, height))
  return entries.slice(0, batch.certificate.heads.get(member)!.logSeq)
}
