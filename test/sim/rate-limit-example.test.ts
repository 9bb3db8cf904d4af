import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { buildApp, describedApp } from '../../src/cli/app/folder.ts'
import { simulatedApp } from '../../src/cli/app/simulated.ts'
import { cryptoFor, restoreCrypto } from '../../src/cli/commands/sim-crypto.ts'
import { play } from '../../src/sim/run-seed.ts'
import { TASK_ID } from '../../src/sim/world.ts'
import { invariant } from '../../src/types/errors.ts'

const EXAMPLE = fileURLToPath(new URL('../../examples/rate-limit', import.meta.url))
const BUDGET = 120_000n
const HEIGHTS = 8
const NODES = 4

interface State {
  readonly budget: bigint
  readonly rows: readonly { readonly member: number; readonly demand: bigint; readonly share: bigint }[]
}

describe('the example of a shared limit, built from its folder, in the simulated world', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rsdp-example-'))

  before(async () => {
    cpSync(EXAMPLE, folder, { recursive: true })
    await buildApp(folder)
  })
  after(() => {
    restoreCrypto()
    rmSync(folder, { recursive: true, force: true })
  })

  it('no height grants more than the budget or a demand, and what anybody wants is not left unused', async () => {
    const seed = 5
    const app = await simulatedApp(folder)
    const options = { heights: HEIGHTS, nodes: NODES, calm: true, app } as const
    const { world } = await play(seed, { ...options, keys: cryptoFor(seed) })
    expect(world.violations).to.deep.equal([])
    const task = world.chain.tasks.get(TASK_ID)
    expect(task?.result).not.to.equal(null)
    const store = world.honest[0]?.life?.store
    invariant(
      store !== undefined && task?.cluster !== null && task !== undefined,
      'the task has been decided',
    )
    const { id } = task.cluster
    const { reducer } = await describedApp(folder)
    const states = store.heights(id, 1, HEIGHTS).map(({ decided }) => {
      const body = store.body(id, decided.share.object.stateHash)
      invariant(body !== null, 'a decided state is kept')
      return reducer.state.decode(body) as State
    })
    expect(states).to.have.length(HEIGHTS)
    let scarce = 0
    for (const { budget, rows } of states) {
      expect(budget).to.equal(BUDGET)
      const granted = rows.reduce((sum, { share }) => sum + share, 0n)
      const wanted = rows.reduce((sum, { demand }) => sum + demand, 0n)
      // nothing that somebody wants stays unused
      expect(granted).to.equal(wanted < BUDGET ? wanted : BUDGET)
      for (const { demand, share } of rows) expect(share <= demand).to.equal(true)
      if (wanted > BUDGET) scarce += 1
    }
    expect(scarce, 'bursts meet').to.be.greaterThan(0)
  })
})
