import { expect } from 'chai'
import { cryptoFor, restoreCrypto } from '../../src/cli/commands/sim-crypto.ts'
import { step } from '../../src/protocol/engine.ts'
import { append } from '../../src/protocol/phase-log.ts'
import { restoreEngine } from '../../src/protocol/restore.ts'
import { runSeed } from '../../src/sim/run-seed.ts'
import type { LogEntry, PhaseEvent } from '../../src/types/log.ts'
import { NIL } from '../../src/types/ids.ts'
import { EngineBench } from '../helpers/engine-cluster-bench.ts'

describe('what the simulator has found', () => {
  after(restoreCrypto)

  it('a node that entered a round, signed nothing in it and restarted stays in that round', () => {
    const bench = new EngineBench()
    const { config, log: start } = bench.state
    const steps: readonly (readonly [PhaseEvent, number])[] = [
      ['t1', 0],
      ['t2', 0],
      ['t4', 0],
      ['t6', 0],
      ['t3', 1],
    ]
    const entries: LogEntry[] = []
    let log = start
    for (const [event, round] of steps) {
      const where = { cluster: config.cluster.id, epochHeights: config.epochHeights }
      const next = append(log, where, event, { height: 1, round, value: NIL })
      log = next.log
      entries.push(next.entry)
    }
    const signed = [bench.status(0).signed, bench.share(0, 0, null), bench.confirm(0, 0, NIL)]
    const restored = restoreEngine(config, { entries, signed, proofs: [], decided: [] })
    expect(restored.round).to.equal(1)
    const { state } = step(restored, { kind: 'start' })
    expect(state.log).to.include({ status: 'DEBATE', height: 1, round: 1 })
  })

  it('goes through now', async () => {
    const { violations } = await runSeed(1, { heights: 8, keys: cryptoFor(1) })
    expect(violations).to.deep.equal([])
  })
})
