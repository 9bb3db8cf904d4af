import { expect } from 'chai'
import { DEMO_LIMIT } from '../../../src/demo/budget.ts'
import { report } from '../../../src/demo/report.ts'
import { arrivalsOf, loadTrace, WINDOWS } from '../../../src/demo/trace.ts'
import { RateLimitSource } from '../../../src/demo/workload.ts'
import type { DecidedState } from '../../../src/ports/state-source.ts'
import { rateLimit } from '../../../src/reducers/rate-limit.ts'
import { InvariantError, RsdpError } from '../../../src/types/errors.ts'
import { runSlice, sourcesOf } from './run-slice.ts'

const row = (window: number, tokens: bigint): { window: number; tokens: bigint; text: string } => ({
  window,
  tokens,
  text: '',
})
/** One member of one, so that every row is its own. */
const sourceOf = (demandMax = 1000n): RateLimitSource =>
  new RateLimitSource({ rows: [row(1, 10n), row(1, 5n), row(3, 7n)], member: 0, members: 1, demandMax })
const decision = (height: number, share: bigint, member = 0): DecidedState => ({
  height,
  state: rateLimit.state.encode({ budget: 100n, rows: [{ member, demand: share, share }] }),
})
const demandIn = (state: Uint8Array): bigint => rateLimit.state.decode(state)!.rows[0]!.demand

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    return await promise
  } catch (error) {
    return error
  }
}

describe('RateLimitSource', () => {
  it('refuses a seat outside the cluster', () => {
    const init = { rows: [], members: 4, demandMax: 1n }
    expect(() => new RateLimitSource({ ...init, member: 4 })).to.throw(InvariantError)
    expect(() => new RateLimitSource({ ...init, member: -1 })).to.throw(InvariantError)
  })

  it('refuses heights whose queue is not known yet, and gaps in what was decided', async () => {
    const source = sourceOf()
    expect(await rejection(source.observe(2))).to.be.instanceOf(InvariantError)
    expect(await rejection(source.observe(0))).to.be.instanceOf(InvariantError)
    expect(() => source.decided(decision(2, 1n))).to.throw(InvariantError)
    expect(() => source.decided({ height: 1, state: new Uint8Array(1) })).to.throw(InvariantError)
  })

  it('brings its queue as a valid input', async () => {
    const input = rateLimit.state.decode(await sourceOf().observe(1))
    expect(input).to.deep.equal({ budget: 0n, rows: [{ member: 0, demand: 15n, share: 0n }] })
    expect(rateLimit.validate(input!, DEMO_LIMIT)).to.equal(true)
  })

  it('lets what a share does not cover wait', async () => {
    const source = sourceOf()
    source.decided(decision(1, 9n))
    expect(source.queueAt(2)).to.equal(6n)
    source.decided(decision(2, 1n))
    expect(demandIn(await source.observe(3)), '6 − 1 + 7').to.equal(12n)
    source.decided(decision(3, 12n))
    expect(source.queueAt(4)).to.equal(0n)
    expect(source.servedTotal).to.equal(22n)
  })

  it('is served nothing without a row of its own, and never more than it has', () => {
    const source = sourceOf()
    source.decided(decision(1, 9n, 5))
    expect(source.queueAt(2)).to.equal(15n)
    source.decided(decision(2, 99n))
    expect(source.queueAt(3)).to.equal(7n)
    expect(source.servedTotal).to.equal(15n)
  })

  it('claims at most demandMax; the rest waits', async () => {
    const source = sourceOf(4n)
    expect(demandIn(await source.observe(1))).to.equal(4n)
    source.decided(decision(1, 4n))
    expect(source.queueAt(2)).to.equal(11n)
  })

  it('hears a decision twice without serving twice, and has no arrivals after the last window', () => {
    const source = sourceOf()
    for (let height = 1; height <= WINDOWS + 2; height++) {
      source.decided(decision(height, 0n))
      source.decided(decision(height, 9n))
    }
    expect(source.queueAt(WINDOWS + 3)).to.equal(22n)
  })
})

describe('the example over the whole slice', () => {
  const rows = loadTrace()

  it('conserves tokens at every height: arrivals = served + waiting', async () => {
    for (const members of [4, 7]) {
      const sources = sourcesOf(rows, members)
      // every member misses some heights
      const { decided } = await runSlice(sources, (member, height) => (height + member) % 5 !== 0)
      const replayed = sourcesOf(rows, members)
      replayed.forEach((source, member) => {
        const arrivals = arrivalsOf(rows, member, members)
        let arrived = arrivals[0]!
        for (const { height, state } of decided) {
          source.decided({ height, state })
          arrived += arrivals[height] ?? 0n
          expect(source.servedTotal + source.queueAt(height + 1), `${member} at ${height}`).to.equal(arrived)
        }
      })
      expect(replayed.map((source) => source.servedTotal)).to.deep.equal(
        sources.map((source) => source.servedTotal),
      )
    }
  })

  it('says the same after a restart', async () => {
    const { decided, observed } = await runSlice(sourcesOf(rows, 4))
    const { demandMax } = DEMO_LIMIT
    for (let height = 1; height <= WINDOWS; height += 7) {
      const before = decided.slice(0, height - 1)
      const source = new RateLimitSource({ rows, member: height % 4, members: 4, demandMax, decided: before })
      expect(await source.observe(height), `height ${height}`).to.deep.equal(
        observed[height - 1]![height % 4],
      )
    }
  })

  it('is contended in 32 of 60 windows, for any number of members, and ends with empty queues', async () => {
    for (const members of [4, 7, 13]) {
      const sources = sourcesOf(rows, members)
      const { decided } = await runSlice(sources)
      expect(report(decided, rateLimit.state).filter(({ contended }) => contended)).to.have.length(32)
      expect(sources.map((source) => source.queueAt(WINDOWS + 1))).to.deep.equal(sources.map(() => 0n))
    }
  })

  it('never cuts a claim at demandMax', async () => {
    const sources = sourcesOf(rows, 4)
    await runSlice(sources)
    for (let height = 1; height <= WINDOWS; height++) {
      sources.forEach((source) => expect(source.queueAt(height) <= DEMO_LIMIT.demandMax).to.equal(true))
    }
  })
})

describe('report', () => {
  it('refuses a state that is not canonical, with the height', () => {
    try {
      report([decision(1, 1n), { height: 2, state: new Uint8Array(3) }], rateLimit.state)
      expect.fail('accepted')
    } catch (error) {
      expect(error).to.be.instanceOf(RsdpError)
      expect((error as RsdpError).code).to.equal('E_REPORT_STATE')
      expect((error as RsdpError).details).to.deep.equal({ height: 2 })
    }
  })

  it('adds up what was claimed, granted and left waiting', () => {
    const state = rateLimit.state.encode({
      budget: 10n,
      rows: [
        { member: 1, demand: 8n, share: 6n },
        { member: 3, demand: 4n, share: 4n },
      ],
    })
    expect(report([{ height: 5, state }], rateLimit.state)).to.deep.equal([
      {
        height: 5,
        budget: 10n,
        demandTotal: 12n,
        grantedTotal: 10n,
        waitingTotal: 2n,
        contended: true,
        members: [
          { member: 1, queue: 8n, share: 6n },
          { member: 3, queue: 4n, share: 4n },
        ],
      },
    ])
  })

  it('calls a height contended only above the budget', () => {
    expect(report([decision(1, 100n)], rateLimit.state)[0]?.contended).to.equal(false)
    expect(report([decision(1, 101n)], rateLimit.state)[0]?.contended).to.equal(true)
  })
})
