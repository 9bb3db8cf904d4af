import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { writeControl } from '../../../src/cli/control/file.ts'
import { rsdpHere } from '../../helpers/cli.ts'
import { GATE, StoreApi, TOKEN } from '../../helpers/store/api.ts'

describe('rsdp store', function () {
  this.timeout(60_000)
  const dir = mkdtempSync(join(tmpdir(), 'rsdp-store-'))
  let api: StoreApi
  after(() => rmSync(dir, { recursive: true, force: true }))
  afterEach(() => api.close())

  const open = async (consistency: 'strong' | 'eventual', seat: number): Promise<void> => {
    api = await StoreApi.open(consistency)
    writeControl(dir, { schema: 2, pid: process.pid, key: 'a key', port: api.port(seat), token: TOKEN })
  }
  const run = async (
    ...words: readonly string[]
  ): Promise<{ readonly code: unknown; readonly out: string }> => {
    const [verb = '', ...rest] = words
    const { code, stdout, stderr } = await rsdpHere(
      'store',
      verb,
      '1',
      ...rest,
      '--data-dir',
      dir,
      '--task',
      '7',
    )
    const [, error = ''] = /\b(E_[A-Z_]+)/.exec(stderr) ?? []
    return { code, out: `${stdout.trim()}${error}` }
  }

  it('strong: writes, compares and sets, reads and deletes at a node without a copy; says what is wrong', async () => {
    await open('strong', GATE)
    expect(await run('get', 'a')).deep.equal({ code: 3, out: 'E_STORE_MISSING' })
    expect((await run('put', 'a', 'one', '--if-version', '0')).code).equal(0)
    expect(await run('put', 'a', 'two', '--if-version', '0')).deep.equal({ code: 3, out: 'E_STORE_VERSION' })
    expect(await run('get', 'a')).deep.equal({ code: 0, out: 'one' })
    expect(await run('put', 'k'.repeat(257), 'x')).deep.equal({ code: 3, out: 'E_STORE' })
    expect((await run('delete', 'a')).code).equal(0)
    expect(await run('delete', 'a')).deep.equal({ code: 3, out: 'E_STORE_MISSING' })
    expect(await run('watch')).deep.equal({ code: 3, out: 'E_STORE' })
  })

  it('eventual: a write replaces what the node holds; there are no versions', async () => {
    await open('eventual', 0)
    for (const value of ['one', 'two']) expect((await run('put', 'a', value)).code).equal(0)
    expect(await run('get', 'a')).deep.equal({ code: 0, out: 'two' })
    expect(await run('put', 'a', 'x', '--if-version', '1')).deep.equal({ code: 2, out: 'E_STORE' })
  })

  it('shows what is on the disk of the node, and removes what is in use for nobody', async () => {
    await open('strong', 0)
    const data = async (): Promise<string> =>
      (await rsdpHere('store', 'data', '--data-dir', dir)).stdout.trim()
    expect(await data()).equal('no data of any store')
    expect(await run('purge')).deep.equal({ code: 3, out: 'E_STORE_MISSING' })
    mkdirSync(api.folders.of(7n, 1), { recursive: true })
    writeFileSync(join(api.folders.of(7n, 1), 'strong.sqlite'), 'records')
    expect(await data()).equal('task 7  store 1  7 bytes  in use')
    for (const use of ['placed', 'unknown'] as const) {
      api.useOf = () => use
      expect(await run('purge')).deep.equal({ code: 3, out: 'E_STORE_IN_USE' })
    }
    expect(await run('purge', '--force')).deep.equal({ code: 0, out: 'removed 7 bytes of store 1' })
    expect(await data()).equal('no data of any store')
  })
})
