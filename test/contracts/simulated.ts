import { expect } from 'chai'
import { network } from 'hardhat'
import { encodeEvidenceCall, encodeSteps } from '../../src/adapters/evm/evidence-call.ts'
import type { Court } from '../../src/audit/evidence/verdict.ts'
import { cryptoFor, REAL_EVERY, restoreCrypto } from '../../src/cli/commands/sim-crypto.ts'
import { domainSeparator } from '../../src/codec/objects.ts'
import type { LiarName } from '../../src/faults/catalog.ts'
import { findReducerByHash } from '../../src/reducers/catalog.ts'
import { play } from '../../src/sim/run-seed.ts'
import type { World as Simulated } from '../../src/sim/world.ts'
import { TASK_ID } from '../../src/sim/world.ts'
import type { Evidence } from '../../src/types/evidence.ts'
import { invariant } from '../../src/types/errors.ts'
import type { Address, Hex } from '../../src/types/ids.ts'
import type { TaskParams } from '../../src/types/task.ts'
import { ROOMY } from '../helpers/twin-chain.ts'
import { openCourt } from './court.ts'
import { Bench, disagreements } from './judges.ts'
import { deployWorld } from './world.ts'
import { appendEvent } from '../../src/codec/events.ts'
import { NIL } from '../../src/types/ids.ts'

const connection = await network.create({ override: ROOMY })
/** Proofs in one call of the harness. */
const AT_ONCE = 40
/** Liars of half of the weight and more, and a seed on the real curve and hash in which they come to lie. */
const LIARS: readonly (readonly [LiarName, number])[] = [
  ['flatterer', REAL_EVERY],
  ['amnesia', 2 * REAL_EVERY],
  ['unjustified-vote', 3 * REAL_EVERY],
  ['wrong-aggregate', 4 * REAL_EVERY],
  ['forked-log', 7 * REAL_EVERY],
  ['bogus-checkpoint', 7 * REAL_EVERY],
]

interface Docket {
  /** Of what honest members signed, and of what was heard of the liars. */
  readonly honest: readonly Evidence[]
  readonly heard: readonly Evidence[]
  readonly calls: (evidence: Evidence, twin: Address) => Hex
  readonly court: Court
}

/** Every candidate of a world, and the pairs of honest objects of one type that no rule looks at together. */
function docketOf(world: Simulated): Docket {
  const { params, cluster } = world.chain.tasks.get(TASK_ID)!
  invariant(cluster !== null, 'the world had a cluster')
  const { honesty, accountability } = world.judge
  const liars = new Set(world.hosts.filter((host) => world.isLiar(host)).map(({ member }) => member))
  const seats = cluster.members.map(({ index }) => index)
  const honest = seats
    .filter((seat) => !liars.has(seat))
    .flatMap((seat) => {
      const objects = honesty.transcript.of(seat)
      const strange = objects.flatMap((first, i): Evidence[] => {
        const second = objects.slice(i).find(({ object }, j) => j > 0 && object.type === first.object.type)
        return second === undefined || first.object.type === 'close' ? [] : [{ kind: 'E1', first, second }]
      })
      return [...honesty.proofsAgainst(seat), ...strange]
    })
  const heard = [...liars].flatMap((seat) => [
    ...honesty.proofsAgainst(seat, accountability.transcript.of(seat)),
  ])
  const events = world.chain.eventsIn(0, world.chain.head).filter((event) => event.kind === 'ledgerEvent')
  let eventsHash = NIL
  const ledger = events.map(({ seq, ledgerKind: kind, originator, data }) => {
    eventsHash = appendEvent(eventsHash, { kind, originator, data })
    return { seq, kind, originator, data, block: 0n, eventsHash }
  })
  const court: Court = {
    cluster,
    separator: domainSeparator(world.chain.domain),
    params,
    events: ledger,
    handedOver: new Uint8Array(),
    opened: new Map(),
    refuted: new Map(),
    reducer: findReducerByHash(params.reducer),
    recover: world.keys.recover,
  }
  const calls = (evidence: Evidence, twin: Address): Hex => {
    const context = { params: { ...params, twin }, events: ledger }
    // of a CHECKPOINT the step is what can be right or wrong
    return evidence.kind === 'E5'
      ? encodeSteps(1n, evidence, context)[0]!
      : encodeEvidenceCall(1n, evidence, context)
  }
  return { honest, heard, court, calls }
}

const paramsOf = (world: Simulated): TaskParams => world.chain.tasks.get(TASK_ID)!.params

describe('Proofs out of simulated worlds', function () {
  this.timeout(300_000)
  after(restoreCrypto)

  const tally: Record<string, number> = {}

  for (const [liar, seed] of LIARS) {
    it(`convict as in the simulator, with liars of half the weight: ${liar}`, async () => {
      const { world } = await play(seed, {
        heights: 3,
        nodes: 7,
        liar,
        liarPercent: { min: 50, max: 60 },
        keys: cryptoFor(seed),
      })
      expect(world.violations, `seed ${seed}`).to.deep.equal([])
      const { honest, heard, calls, court } = docketOf(world)
      const events = court.events.map(({ eventsHash }) => eventsHash)
      const base = await deployWorld(connection)
      const { slasher, params } = await openCourt(connection, [1n], {
        ...court,
        params: paramsOf(world),
        events,
      })
      const bench = await Bench.build({ ...base, slasher })
      const courts = new Map([[1n, court]])
      const all = [...honest, ...heard]
      for (let from = 0; from < all.length; from += AT_ONCE) {
        const batch = all.slice(from, from + AT_ONCE)
        const proofs = batch.map((evidence) => calls(evidence, params.twin))
        for (const [j, refused] of (await bench.judge(proofs)).entries()) {
          const evidence = batch[j]!
          expect(disagreements(courts, proofs[j]!, refused), `seed ${seed}: ${evidence.kind}`).to.deep.equal(
            [],
          )
          if (from + j < honest.length)
            expect(refused, `seed ${seed}: ${evidence.kind}`).to.match(/^ProvesNothing/)
          const said = `${from + j < honest.length ? 'honest' : 'liar'} ${evidence.kind} ${refused === null}`
          tally[said] = (tally[said] ?? 0) + 1
        }
      }
    })
  }

  it('are of every kind, refused against the honest and accepted against liars', () => {
    const kinds = ['E1', 'E1b', 'E2', 'E3', 'E4', 'E5', 'E6']
    expect(tally).to.include.keys(...kinds.map((kind) => `honest ${kind} false`))
    expect(tally).to.include.keys(...kinds.map((kind) => `liar ${kind} true`))
  })
})
