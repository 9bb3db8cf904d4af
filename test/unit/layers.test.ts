import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path/posix'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { importsIn, layerOf, LAYERS, violations } from '../helpers/layers.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** A file of some layer and a line that its layer forbids. */
const FORBIDDEN: readonly (readonly [file: string, source: string])[] = [
  ['src/types/a.ts', "import { x } from '../codec/hex.ts'"],
  ['src/types/a.ts', "import type { x } from '../codec/hex.ts'"],
  ['src/codec/a.ts', "import { x } from '../protocol/engine.ts'"],
  ['src/codec/a.ts', "import { createHash } from 'node:crypto'"],
  ['src/protocol/a.ts', "import { keccak256 } from 'ethers'"],
  ['src/protocol/a.ts', "import { runReducer } from '../reducers/run.ts'"],
  ['src/protocol/a.ts', "import type { Transport } from '../ports/transport.ts'"],
  ['src/protocol/a.ts', "export { x } from '../node/admit.ts'"],
  ['src/protocol/a.ts', "const x = await import('../node/admit.ts')"],
  ['src/protocol/a.ts', "type X = import('../node/admit.ts').X"],
  ['src/protocol/a.ts', 'const now = Date.now()'],
  ['src/protocol/a.ts', 'const when: Date = x'],
  ['src/protocol/a.ts', 'const dice = Math.random()'],
  ['src/protocol/a.ts', 'setTimeout(f, 1)'],
  ['src/protocol/a.ts', 'const f = async () => 1'],
  ['src/protocol/a.ts', 'async function* f() { for await (const x of y) yield x }'],
  ['src/protocol/a.ts', 'console.log(1)'],
  ['src/protocol/a.ts', 'const f = globalThis.process'],
  ['src/protocol/a.ts', 'const env = { process }'],
  ['src/protocol/a.ts', "const x = require('fs')"],
  ['src/reducers/a.ts', 'names.sort((a, b) => a.localeCompare(b))'],
  ['src/reducers/a.ts', 'const x = Buffer.from([])'],
  ['src/reducers/a.ts', "import { step } from '../protocol/engine.ts'"],
  ['src/services/a/a.ts', 'const now = Date.now()'],
  ['src/services/a.ts', "import { x } from '../node/admit.ts'"],
  ['src/services/a.ts', "import { x } from '../reducers/catalog.ts'"],
  ['src/reducers/a.ts', "import { x } from '../services/services.ts'"],
  ['src/views/a.ts', "import { readFileSync } from 'node:fs'"],
  ['src/ports/a.ts', "import { step } from '../protocol/engine.ts'"],
  ['src/ports/a.ts', "import { MemoryTransport } from '../adapters/memory/transport.ts'"],
  ['src/adapters/memory/a.ts', "import type { x } from '../libp2p/limits.ts'"],
  ['src/adapters/memory/a.ts', "import { x } from '../../protocol/state.ts'"],
  ['src/adapters/memory/a.ts', "import type { x } from '../../../types/ethers-contracts/index.ts'"],
  ['src/adapters/memory/a.ts', "import { x } from '../../reducers/run.ts'"],
  ['src/adapters/evm/a.ts', "import { x } from '../../../types/ethers-contracts/index.ts'"],
  ['src/node/a.ts', "import { x } from '../adapters/memory/transport.ts'"],
  ['src/sim/a.ts', "import { x } from '../adapters/libp2p/transport.ts'"],
  ['src/sim/a.ts', "import net from 'node:net'"],
  ['src/audit/a.ts', "import { x } from '../node/admit.ts'"],
  ['src/dashboard/a.ts', "import { x } from '../protocol/engine.ts'"],
  ['src/dashboard/a.ts', "import { x } from '../cli/main.ts'"],
  ['src/node/a.ts', "import { x } from '../../scripts/deploy.ts'"],
  ['src/node/a.ts', "import { x } from '../../test/helpers/skip.ts'"],
  ['src/cli/a.ts', "import { x } from '../../test/helpers/skip.ts'"],
  ['src/compose/a.ts', "import { x } from '../cli/main.ts'"],
  ['src/compose/a.ts', "import { x } from '../demo/trace.ts'"],
  ['src/demo/a.ts', "import { table } from '../cli/output.ts'"],
  ['src/demo/a.ts', "import { x } from '../node/admit.ts'"],
  ['src/demo/a.ts', "import { spawn } from 'node:child_process'"],
  ['src/entries/a.ts', "import { x } from '../cli/main.ts'"],
  ['src/cli/a.ts', "import { x } from '../entries/node.ts'"],
  ['src/cli/a.ts', "import { x } from '../../examples/ballot/reducer.ts'"],
  ['src/node/a.ts', "import type { x } from '../../examples/ballot/reducer.ts'"],
  ['examples/ballot/a.ts', "import { x } from '../../src/reducers/median.ts'"],
  ['examples/ballot/a.ts', "import { keccak256 } from 'ethers'"],
  ['src/elsewhere/a.ts', ''],
]

const ALLOWED: readonly (readonly [file: string, source: string])[] = [
  ['src/reducers/catalog.ts', "import { x } from '../services/services.ts'"],
  [
    'src/protocol/a.ts',
    "import { keccak } from '../codec/hex.ts'\nimport { invariant } from '../types/errors.ts'",
  ],
  ['src/protocol/a.ts', "import { type Reducer } from '../reducers/reducer.ts'"],
  ['src/protocol/a.ts', 'state.process = { console: 1 }\nconst f = state.Date // Math.random()'],
  [
    'src/ports/a.ts',
    "import type { Step } from '../protocol/engine.ts'\nexport type F = () => Promise<void>",
  ],
  [
    'src/adapters/evm/a.ts',
    "import type { x } from '../../../types/ethers-contracts/index.ts'\nimport { Wallet } from 'ethers'",
  ],
  [
    'src/adapters/worker/a.ts',
    "import { runReducer } from '../../reducers/run.ts'\nimport 'node:worker_threads'",
  ],
  ['src/sim/a.ts', "import { x } from '../adapters/memory/transport.ts'\nconst f = async () => 1"],
  ['examples/ballot/a.ts', "import { u64 } from 'rsdp/reducers'\nimport { x } from './reducer.ts'"],
  ['src/cli/a.ts', "const { x } = await import('../adapters/libp2p/transport.ts')"],
]

describe('layers', () => {
  for (const [file, source] of FORBIDDEN) {
    it(`${file} must not: ${source === '' ? 'exist' : source}`, () => {
      expect(violations(file, source)).not.deep.equal([])
    })
  }
  for (const [file, source] of ALLOWED) {
    it(`${file} may: ${source.split('\n').join('; ')}`, () => {
      expect(violations(file, source)).deep.equal([])
    })
  }

  it('every file keeps to its layer', function () {
    // it parses every file of the project
    this.timeout(120_000)
    const files = globSync('{src,examples}/**/*.{ts,tsx}', { cwd: root })
    expect(files.length).greaterThan(0)
    expect(files.flatMap((file) => violations(file, readFileSync(`${root}/${file}`, 'utf8')))).deep.equal([])
  })

  it('the demo’s workload is known to the demo, the private network that plays it, and who hands it to a node', () => {
    const importers = globSync('{src,scripts}/**/*.ts', { cwd: root }).filter((file) => {
      const text = readFileSync(`${root}/${file}`, 'utf8')
      // few are worth parsing: a module of the layer is named with its folder, or lies in it
      return (
        (text.includes('demo/') || file.startsWith('src/demo/')) &&
        importsIn(file, text).some(({ from }) => layerOf(normalize(join(dirname(file), from))) === 'demo')
      )
    })
    const others = importers.filter((file) => !/^src\/(cli\/)?demo\/|^src\/cli\/commands\/demo/.test(file))
    expect(others.sort()).deep.equal([
      'src/cli/commands/node-private.ts',
      'src/cli/groups/node.ts',
      'src/cli/lab/code.ts',
      'src/cli/local/private-cluster.ts',
    ])
  })

  it('no layer is imported that has no rule', () => {
    const layers = new Set(Object.keys(LAYERS))
    const outside = new Set(['hardhat.config.ts', 'ignition', 'bindings', 'artifacts'])
    const named = Object.values(LAYERS).flatMap(({ imports, types }) => [...imports, ...(types ?? [])])
    expect(
      named.filter(
        (name) => !layers.has(name) && !layers.has(name.split('/')[0] ?? '') && !outside.has(name),
      ),
    ).deep.equal([])
  })
})
