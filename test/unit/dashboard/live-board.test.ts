import { expect } from 'chai'
import fc from 'fast-check'
import type { FeedEvent } from '../../../src/dashboard/model/feed-event.ts'
import { feedEvent } from '../../../src/dashboard/model/feed-event.ts'
import { LiveBoard } from '../../../src/dashboard/model/live-board.ts'

const running = (node: string, seat: number, members = 4): FeedEvent => ({
  ...{ type: 'running', node, task: '1', seat, members },
})
const decided = (node: string, height: number, value = '0xaa', round = 0): FeedEvent => ({
  ...{ type: 'decided', node, task: '1', height, round, value, inputs: 4, atMs: 1_000 },
})

function boardOf(...events: readonly FeedEvent[]): LiveBoard {
  const board = new LiveBoard()
  for (const event of events) board.apply(event)
  return board
}

describe('dashboard: lines of a log as events of the feed', () => {
  const told = (event: string, facts: Record<string, unknown>) => feedEvent('alice', event, facts, 7)

  it('lines that the page does not show are none', () => {
    for (const event of ['api.listening', 'node.ready', 'phase', '']) expect(told(event, {})).equal(null)
  })

  it('facts of another kind do not get through, nor do facts that are not named', () => {
    const facts = { task: '1', height: -1, round: 'x', to: 'toString', password: 'secret', state: '0x00' }
    expect(told('phase.enter', facts)).deep.equal({
      ...{ type: 'phase', node: 'alice', task: '1', height: 0, round: 0, phase: 'INITIAL', atMs: 7 },
    })
    expect(
      told('validity.measured', { task: '1', height: 2, transitional: { magnitude: 7 }, operational: null }),
    ).deep.equal({ type: 'validity', task: '1', height: 2, shares: null, final: null })
    expect(JSON.stringify(told('height.decided', { ...facts, value: 'v'.repeat(1_000) })).length).below(250)
  })

  it('a decided height keeps its facts and the time of the report', () => {
    const facts = { task: '1', height: 3, round: 1, value: '0xab', inputs: 4, state: '0x00' }
    expect(told('height.decided', facts)).deep.equal({
      ...{
        type: 'decided',
        node: 'alice',
        task: '1',
        height: 3,
        round: 1,
        value: '0xab',
        inputs: 4,
        atMs: 7,
      },
    })
  })
})

describe('dashboard: live board', () => {
  it('a node that has no seat changes no mark, and its phases are not shown', () => {
    const board = boardOf(running('alice', 0), decided('mallory', 1), {
      ...{ type: 'phase', node: 'mallory', task: '1', height: 1, round: 0, phase: 'SHARE', atMs: 5 },
    })
    expect(board.task('1')?.heights.get(1)?.seats).equal('....')
    expect([...(board.task('1')?.byNode.keys() ?? [])]).deep.equal(['alice'])
  })

  it('seats that decide the same are marked, and one that decides something else', () => {
    const seats = ['alice', 'bob', 'carol'].map((node, i) => running(node, i))
    const board = boardOf(
      ...seats,
      decided('alice', 1, '0xaa', 2),
      decided('bob', 1),
      decided('carol', 1, '0xbb', 1),
    )
    const height = board.task('1')?.heights.get(1)
    expect(height?.seats).equal('ddx.')
    expect([height?.round, height?.value, board.task('1')?.decided]).deep.equal([0, '0xaa', 1])
  })

  it('validity is the lowest that a node measured; a conviction that several nodes read is one', () => {
    const validity = (shares: number | null, final: number | null): FeedEvent => ({
      ...{ type: 'validity', task: '1', height: 1, shares, final },
    })
    const conviction: FeedEvent = {
      ...{ type: 'convicted', task: '1', member: 2, offence: 'E1', percent: 100, block: 9 },
    }
    const board = boardOf(
      decided('alice', 1),
      validity(1, null),
      validity(0.75, 1),
      validity(null, null),
      conviction,
      conviction,
    )
    expect(board.task('1')?.heights.get(1)).include({ shares: 0.75, final: 1 })
    expect(board.task('1')?.convictions).length(1)
  })

  it('keeps the newest 10,000 heights and 16 tasks', () => {
    const board = new LiveBoard()
    for (let height = 1; height <= 10_005; height += 1) board.apply(decided('alice', height))
    const heights = board.task('1')?.heights
    expect([heights?.size, heights?.has(5), heights?.has(6)]).deep.equal([10_000, false, true])
    for (let task = 2; task <= 17; task += 1) board.apply({ type: 'anchored', task: String(task), block: 1 })
    expect(board.tasks()).length(16).not.include('1')
  })

  it('who comes late has the same board: snapshot, then the rest (property)', () => {
    const node = fc.constantFrom('alice', 'bob', 'carol', 'dave')
    const height = fc.integer({ min: 1, max: 5 })
    const event: fc.Arbitrary<FeedEvent> = fc.oneof(
      fc.record({ node, seat: fc.nat(3) }).map(({ node: who, seat }) => running(who, seat)),
      fc
        .record({ node, height, value: fc.constantFrom('0xaa', '0xbb'), round: fc.nat(2) })
        .map((one) => decided(one.node, one.height, one.value, one.round)),
      fc
        .record({ node, height, phase: fc.constantFrom('DEBATE', 'SHARE', 'IDLE'), atMs: fc.nat(9) })
        .map((one): FeedEvent => ({
          ...({ type: 'phase', task: '1', round: 0, ...one } as const),
        })),
      height.map((at): FeedEvent => ({ type: 'validity', task: '1', height: at, shares: 0.5, final: null })),
    )
    fc.assert(
      fc.property(fc.array(event), fc.array(event), (early, late) => {
        const whole = boardOf(...early, ...late)
        const sent = JSON.parse(JSON.stringify(boardOf(...early).snapshot())) as ReturnType<
          LiveBoard['snapshot']
        >
        const joined = LiveBoard.from(sent)
        for (const one of late) joined.apply(one)
        expect(joined.snapshot()).deep.equal(whole.snapshot())
        expect(joined.task('1')?.decided).equal(whole.task('1')?.decided)
      }),
      { seed: 16, numRuns: 200 },
    )
  })
})
