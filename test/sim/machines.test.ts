import { expect } from 'chai'
import { cryptoFor, restoreCrypto } from '../../src/cli/commands/sim-crypto.ts'
import { runMachineSeed } from '../helpers/linearizability/simulated.ts'
import type { MachineOptions, SimulatedRun } from '../helpers/linearizability/simulated.ts'
import type { WorkloadName } from '../helpers/linearizability/workloads.ts'
import { loadMachineMutant } from './mutants/load.ts'
import { MACHINE_MUTANTS } from './mutants/machines.ts'

/** Histories of each machine that count, and worlds that are tried for them. */
const COUNTED = 5
const WORLDS_MAX = 12
/** Worlds in which a mutant must be found. */
const RUNS = 50
const REPEATS = { repeats: true, clockRate: 40 } as const

/** Which machine shows it, and how. */
const CASES: readonly {
  readonly mutant: keyof typeof MACHINE_MUTANTS
  readonly machine: WorkloadName
  readonly options?: MachineOptions
  readonly found: RegExp
}[] = [
  { mutant: 'tokensMayBeEqual', machine: 'leader', found: /^not linearizable/ },
  { mutant: 'holderWoken', machine: 'lock', found: /^fence: .* wrote behind/ },
  { mutant: 'dedupeOffByOne', machine: 'kv', options: { repeats: true }, found: /^not linearizable/ },
  { mutant: 'readsOwnState', machine: 'kv', found: /^not linearizable/ },
  { mutant: 'expiryForgets', machine: 'kv', options: REPEATS, found: /^not linearizable/ },
  { mutant: 'workerWoken', machine: 'work', found: /^not linearizable/ },
  { mutant: 'claimKeepsToken', machine: 'work', found: /^not linearizable/ },
  { mutant: 'claimWithinSkew', machine: 'work', found: /^not linearizable/ },
]

describe('machines in worlds of faults and liars', () => {
  after(restoreCrypto)

  for (const machine of ['kv', 'lock', 'leader', 'work'] as const)
    it(`${machine}: every history is linearizable, every watch whole, every fence holds`, async () => {
      const counted: SimulatedRun[] = []
      for (let seed = 1; seed <= WORLDS_MAX && counted.length < COUNTED; seed += 1) {
        const run = await runMachineSeed(machine, seed, { nodes: 4, heights: 24, keys: cryptoFor(seed) })
        expect(run.problems, `seed ${seed}`).deep.equal([])
        if (run.effective > 0) counted.push(run)
      }
      expect(counted).length(COUNTED)
      const operations = counted.reduce((sum, run) => sum + run.operations - run.open, 0)
      expect(operations).greaterThan(30 * COUNTED)
    })

  it('goes the same way twice', async () => {
    const run = (): Promise<SimulatedRun> =>
      runMachineSeed('lock', 7, { nodes: 4, heights: 12, keys: cryptoFor(7) })
    expect(await run()).deep.equal(await run())
  })

  for (const { mutant, machine, options = {}, found } of CASES)
    it(`sees: ${MACHINE_MUTANTS[mutant].name}`, async () => {
      cryptoFor(1)
      const { runMachineSeed: run, remove } = await loadMachineMutant(MACHINE_MUTANTS[mutant])
      try {
        for (let seed = 1; seed <= RUNS; seed += 1) {
          const { problems } = await run(machine, seed, { nodes: 4, heights: 30, ...options })
          if (problems.some((problem) => found.test(problem))) return
          expect(problems, `seed ${seed}`).deep.equal([])
        }
        expect.fail(`not in ${RUNS} worlds`)
      } finally {
        remove()
      }
    })

  it('sees nothing where sessions give way as they should', async () => {
    cryptoFor(1)
    const { runMachineSeed: run, remove } = await loadMachineMutant(MACHINE_MUTANTS.smallTable)
    try {
      let sessions = 0
      for (let seed = 1; seed <= 8; seed += 1) {
        const { problems, sessions: begun } = await run('kv', seed, { nodes: 4, heights: 30, ...REPEATS })
        expect(problems, `seed ${seed}`).deep.equal([])
        sessions = Math.max(sessions, begun)
      }
      expect(sessions, 'more sessions than have room').greaterThan(12)
    } finally {
      remove()
    }
  })
})
