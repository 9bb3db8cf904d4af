import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Connection } from '../../../src/adapters/evm/connection.ts'
import { loadEngine } from '../../../src/adapters/sandbox/load-engine.ts'
import { bundleFrom, findBundle, noBundle, refusedBundles } from '../../../src/cli/app/find-bundle.ts'
import type { BodySource } from '../../../src/ports/body-source.ts'
import { keccak, toHex } from '../../../src/codec/hex.ts'
import { bundleId } from '../../../src/sandbox/sandbox.ts'
import { EXIT } from '../../../src/types/exit-codes.ts'
import type { Address } from '../../../src/types/ids.ts'

const BYTES = new TextEncoder().encode('reducer()')
const OTHER = new TextEncoder().encode('reducer();')
const AUTHOR: Address = `0x${'a1'.repeat(20)}`

/** A chain on which somebody has published `BYTES`, behind an endpoint that shows `shown` for them; null: nobody has. */
function chain(shown: Uint8Array | null): Connection {
  const published = shown === null ? [] : [{ args: { id: keccak(BYTES), author: AUTHOR } }]
  const bundles = {
    filters: { Published: () => null },
    queryFilter: () => Promise.resolve(published),
    read: () => Promise.resolve(toHex(shown ?? new Uint8Array())),
  }
  const read = <T>(work: Promise<T>): Promise<T> => work
  return { contracts: { bundles }, deployment: { fromBlock: 0 }, read } as unknown as Connection
}

describe('findBundle', function () {
  this.timeout(60_000)
  const id = bundleId(loadEngine().hash, BYTES)
  let folder: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'rsdp-bundles-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it('takes other bytes for the bundle neither from a folder nor from an endpoint', async () => {
    writeFileSync(join(folder, 'bundle.js'), OTHER)
    writeFileSync(join(folder, 'empty.js'), '')
    writeFileSync(join(folder, `${id}.js`), OTHER)
    expect(await findBundle(id, [folder], chain(null))).equal(null)
    expect(await findBundle(id, [folder], chain(OTHER))).equal(null)
    expect(await findBundle(id, [folder], chain(new Uint8Array()))).equal(null)
  })

  it('asks the mirror last, and refuses what has another hash', async () => {
    let shown = BYTES
    const server = createServer((_, response) => void response.end(shown))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const mirror = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    try {
      const found = { bytes: BYTES, from: 'mirror', authors: [] }
      expect(await findBundle(id, [folder], chain(null), mirror)).deep.equal(found)
      expect((await findBundle(id, [folder], chain(BYTES), mirror))?.from).equal('BundleStore')
      shown = OTHER
      const error: unknown = await findBundle(id, [folder], chain(null), mirror).catch((e: unknown) => e)
      expect(error).include({ code: 'E_BUNDLE_REFUSED', exit: EXIT.mismatch })
    } finally {
      server.closeAllConnections()
      server.close()
    }
  })

  it('finds it among others, in a folder before the chain, and says who has published it', async () => {
    writeFileSync(join(folder, 'a.js'), OTHER)
    expect(await findBundle(id, [folder], chain(BYTES))).deep.equal({
      bytes: BYTES,
      from: 'BundleStore',
      authors: [AUTHOR],
    })
    const file = join(folder, 'b.js')
    writeFileSync(file, BYTES)
    expect(await findBundle(id, [folder], chain(BYTES))).deep.equal({
      bytes: BYTES,
      from: file,
      authors: [AUTHOR],
    })
    expect(await findBundle(id, [folder], chain(null))).deep.equal({ bytes: BYTES, from: file, authors: [] })
  })

  it('refuses folders that hold others only, and says nothing of empty ones', async () => {
    expect(await refusedBundles(id, [])).equal(null)
    expect(await refusedBundles(id, [folder])).equal(null)
    writeFileSync(join(folder, 'bundle.js'), OTHER)
    expect(await refusedBundles(id, [folder])).deep.include({ code: 'E_BUNDLE_REFUSED', exit: EXIT.mismatch })
  })

  describe('from whoever keeps bodies of the task', () => {
    const source = (name: string, bundle: () => Promise<Uint8Array | null>): BodySource => ({
      ...{ name, bundle },
      get: () => Promise.resolve(null),
    })
    const has = (name: string, bytes: Uint8Array | null): BodySource =>
      source(name, () => Promise.resolve(bytes))
    const silent = source('silent', () => Promise.reject(noBundle('it cannot be reached')))
    const asking = async (...sources: BodySource[]) => {
      const said: string[] = []
      const found: unknown = await bundleFrom(sources, 7n, id, (line) => said.push(line)).catch(
        (thrown: unknown) => thrown,
      )
      return { found, said }
    }

    it('other bytes are refused, whatever they are', async () => {
      for (const bytes of [OTHER, new Uint8Array(), new Uint8Array(100_000)]) {
        const { found, said } = await asking(has('liar', bytes), silent, has('poor', null))
        expect(found).include({ code: 'E_BUNDLE_REFUSED', exit: EXIT.mismatch })
        expect(said).length(2)
        expect(said[0]).contain('liar')
      }
    })

    it('nobody has it: nothing is wrong', async () => {
      expect((await asking()).found).equal(null)
      expect(await asking(silent, has('poor', null))).deep.include({ found: null })
    })

    it('a liar and a silent one before the one that has it cost nothing but a line', async () => {
      const never = source('never', () => expect.fail('asked after the right bytes were there'))
      const { found, said } = await asking(has('liar', OTHER), silent, has('honest', BYTES), never)
      expect(found).deep.equal(BYTES)
      expect(said).length(2)
    })
  })

  it('says which folder cannot be read', async () => {
    const error = await findBundle(id, [join(folder, 'none')], chain(BYTES)).catch(
      (thrown: unknown) => thrown,
    )
    expect(error).property('code', 'E_BUNDLES_DIR')
  })
})
