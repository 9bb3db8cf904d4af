import { expect } from 'chai'
import { runStoreSeed } from '../helpers/store/history.ts'
import { StoreWorld } from '../helpers/store/world.ts'
import type { StoreRequest } from '../../src/services/store/types.ts'
import { loadStoreMutant } from './mutants/load.ts'
import { STORE_MUTANTS } from './mutants/store.ts'

const SEEDS = 10

/** The first world of 50 that sees it: `npm run histories -- --mutants` looks for it anew. */
const SEEN_IN: Readonly<Record<keyof typeof STORE_MUTANTS, number>> = {
  noFencing: 26,
  staleLease: 2,
  trustsItsWallClock: 3,
  acknowledgesEarly: 2,
  tokenMayBeEqual: 1,
  readsNoMajority: 24,
}

describe('a strong store among faults', () => {
  it('P24, P31: is linearizable, its watches have no gap, and everybody is answered in the end', () => {
    let moves = 0
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const run = runStoreSeed(seed)
      expect(run.problems, `npm run histories -- --store --first ${seed} --count 1`).deep.equal([])
      expect(run.effective, `seed ${seed}`).above(0)
      moves += run.moves
    }
    expect(moves).above(0)
  }).timeout(60_000)

  it('n = 5 cut 3/2: nobody decides, and once the lease is over both sides refuse; they go on when it heals', () => {
    const world = new StoreWorld({ seed: 1, nodes: 5, copies: 5 })
    world.run(3000)
    expect(codesOf(world, PUT)[world.primary]).equal('ok')
    // its wall clock is set back: it may not think that it has more time
    const primary = world.hosts[world.primary]
    if (primary !== undefined) primary.offsetMs = -3_600_000
    world.run(1000)
    split(world, [world.primary, (world.primary + 1) % 5])
    world.run(6000)
    const { heights } = world
    for (const request of [PUT, GET]) {
      const codes = codesOf(world, request)
      expect(codes).have.length(5)
      expect(codes).not.include('ok')
    }
    expect(world.heights).equal(heights)
    world.network.heal()
    world.run(4000)
    expect(codesOf(world, GET)[world.primary]).equal('ok')
    expect(world.faults).deep.equal([])
  }).timeout(20_000)

  it('n = 7 cut 5/2: the five go on, the two refuse, although the primary was among them', () => {
    const world = new StoreWorld({ seed: 2, nodes: 7, copies: 7 })
    world.run(3000)
    const two = [world.primary, (world.primary + 1) % 7]
    split(world, two)
    world.run(9000)
    expect(two).not.include(world.primary)
    for (const request of [PUT, GET]) {
      const codes = codesOf(world, request)
      expect(codes[world.primary]).equal('ok')
      for (const seat of two) expect(codes[seat]).not.equal('ok')
    }
    expect(world.faults).deep.equal([])
  }).timeout(20_000)

  for (const [name, mutant] of Object.entries(STORE_MUTANTS)) {
    it(`is seen when broken: ${mutant.name}`, async () => {
      const { runStoreSeed: run, remove } = await loadStoreMutant(mutant)
      try {
        expect(run(SEEN_IN[name as keyof typeof STORE_MUTANTS]).problems).not.deep.equal([])
      } finally {
        remove()
      }
    }).timeout(20_000)
  }
})

const GET: StoreRequest = { kind: 'get', key: 'a' }
const PUT: StoreRequest = {
  kind: 'write',
  command: { write: { kind: 'put', key: 'a', version: null, value: Uint8Array.of(1) }, id: null },
}

/** What each node answers; nothing within a second: `none`. */
function codesOf(world: StoreWorld, request: StoreRequest): string[] {
  const codes = world.hosts.map(() => 'none')
  world.hosts.forEach((_, seat) => {
    world.ask(seat, request, ({ code }) => (codes[seat] = code))
  })
  world.run(1000)
  return codes
}

function split(world: StoreWorld, seats: readonly number[]): void {
  const side = new Set(seats)
  world.network.cut = (a, b) => side.has(a) !== side.has(b)
}
