import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { text } from 'node:stream/consumers'
import { expect } from 'chai'
import { loadEngine } from '../../src/adapters/sandbox/load-engine.ts'
import { systemClock } from '../../src/adapters/system/clock.ts'
import { SandboxRunner } from '../../src/adapters/worker/sandbox-runner.ts'
import { SANDBOX_TIMEOUT_MS } from '../../src/cli/app/node-apps.ts'
import { bundleId } from '../../src/sandbox/sandbox.ts'
import { HOSTILE, HOSTILE_CALL, outcomeOfCall, reducerOf } from '../helpers/hostile-bundles.ts'
import type { Outcomes } from '../helpers/hostile-bundles.ts'
import { bringNode22 } from '../helpers/node-22.ts'
import { skip } from '../helpers/skip.ts'
import { readVectors } from '../helpers/vectors.ts'

const { engine, outcomes } = readVectors('sandbox') as Outcomes

/** The main thread of this Node is `test/unit/sandbox`, a browser is `dashboard.test.ts`. */
describe('hostile reducers on other hosts: verdict, state and fuel of the vectors', function () {
  this.timeout(600_000)

  it('in the thread of a node, whose time-out ends none of them', async () => {
    for (const [name, body] of Object.entries(HOSTILE)) {
      const bytes = reducerOf(body)
      const bundle = { id: bundleId(loadEngine().hash, bytes), bytes }
      const runner = new SandboxRunner({
        ...{ clock: systemClock, timeoutMs: SANDBOX_TIMEOUT_MS, bundles: [bundle] },
      })
      try {
        const called = outcomeOfCall(await runner.run({ reducer: bundle.id, ...HOSTILE_CALL }))
        // the thread does not say what the evaluation has cost
        expect({ ...outcomes[name], ...called }, name).deep.equal(outcomes[name])
        expect(called, name).to.have.property('fuel')
      } finally {
        await runner.stop()
      }
    }
  })

  it('on the oldest Node that is supported', async function () {
    const node = bringNode22()
    if ('reason' in node) skip(this, node.reason)
    const program = fileURLToPath(new URL('../helpers/print-outcomes.ts', import.meta.url))
    const child = spawn(node.path, ['--disable-warning=ExperimentalWarning', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const { version, ...printed } = JSON.parse(await text(child.stdout)) as Outcomes & { version: string }
    expect(version).equal(node.version)
    expect(printed).deep.equal({ engine, outcomes })
  })
})
