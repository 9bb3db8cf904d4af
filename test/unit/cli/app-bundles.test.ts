import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { loadEngine } from '../../../src/adapters/sandbox/load-engine.ts'
import type { SandboxRunner } from '../../../src/adapters/worker/sandbox-runner.ts'
import { AppBundles, bundlesIn } from '../../../src/cli/app/app-bundles.ts'
import { bundleId } from '../../../src/sandbox/sandbox.ts'
import { recordingLogger } from '../../helpers/runner-cluster.ts'
import type { LogLine } from '../../helpers/runner-cluster.ts'

const BYTES = new TextEncoder().encode('reducer()')

describe('bundles of a node, and those that it has lost', function () {
  this.timeout(60_000)
  const id = bundleId(loadEngine().hash, BYTES)
  let dataDir: string
  let lines: LogLine[]

  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'rsdp-node-'))
    lines = []
  })
  afterEach(() => rmSync(dataDir, { recursive: true, force: true }))

  function bundles(says: Awaited<ReturnType<SandboxRunner['add']>>): AppBundles {
    const runner = { add: () => Promise.resolve(says) } as unknown as SandboxRunner
    return new AppBundles({ dataDir, runner, known: [], missing: [id], logger: recordingLogger(lines) })
  }
  const HELLO = { name: 'hello@1', usesPrevious: true }

  it('takes no bytes with another hash, and none that this machine cannot run', async () => {
    const other = bundles(HELLO)
    for (const bytes of [new Uint8Array(), BYTES.subarray(1), Uint8Array.of(...BYTES, 59)])
      expect(await other.add(id, bytes)).equal('other')
    for (const says of [null, { broken: 'badBundle' }]) {
      const unable = bundles(says)
      expect(await unable.add(id, BYTES)).equal('unable')
      expect([[...unable.missing], unable.known.size]).deep.equal([[id], 0])
    }
    expect(readdirSync(dataDir)).deep.equal([])
  })

  it('keeps the bytes for the next start', async () => {
    const found = bundles(HELLO)
    expect(await found.add(id, BYTES)).equal('added')
    expect(found.missing.size).equal(0)
    expect(found.known.get(id)).deep.equal({ id, bytes: BYTES, ...HELLO, authors: [] })
    expect(new Uint8Array(readFileSync(join(bundlesIn(dataDir), `${id}.js`)))).deep.equal(BYTES)
  })

  it('runs what it cannot keep, and says so', async () => {
    writeFileSync(bundlesIn(dataDir), '')
    const found = bundles(HELLO)
    expect(await found.add(id, BYTES)).equal('added')
    expect(found.known.has(id)).equal(true)
    expect(lines.map(({ event }) => event)).deep.equal(['bundle.not-kept'])
  })
})
