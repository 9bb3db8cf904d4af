import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { spawn } from 'node:child_process'
import { expect } from 'chai'
import { SqliteTxJournal } from '../../../src/adapters/sqlite/tx-journal.ts'
import type { Intent } from '../../../src/ports/tx-journal.ts'
import { EXIT } from '../../../src/types/exit-codes.ts'
import { failure } from '../../helpers/chain-rpc.ts'

const ACCOUNT = `0x${'ab'.repeat(20)}` as const
const intent = (nonce: number): Intent => ({
  id: `0x${'11'.repeat(32)}`,
  purpose: 'transfer',
  to: ACCOUNT,
  data: '0x',
  valueWei: 2n ** 200n,
  gasLimit: 21_000n,
  nonce,
  since: '2026-01-01T00:00:00.000Z',
  isRepeatable: false,
  forms: [{ hash: `0x${'22'.repeat(32)}`, raw: '0x02ab', perGasWei: 5n, tipWei: 1n, atBlock: 7 }],
  minedBlock: null,
  isReported: false,
})

describe('transaction journal on disk', () => {
  let dir: string
  beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'rsdp-journal-'))))
  afterEach(() => rmSync(dir, { recursive: true, force: true }))
  const journal = (deploymentId: `0x${string}` | null = null): SqliteTxJournal =>
    new SqliteTxJournal({ dir: join(dir, 'a', 'b'), chainId: 5, deploymentId, account: ACCOUNT })

  it('keeps intents by nonce, for the next process', async () => {
    const first = journal()
    await first.lock(0)
    for (const nonce of [9, 3, 5]) first.put(intent(nonce))
    first.put({ ...intent(5), minedBlock: 12, isReported: true })
    first.remove(9)
    first.unlock()
    first.unlock()
    const second = journal()
    await second.lock(0)
    expect(second.intents()).deep.equal([intent(3), { ...intent(5), minedBlock: 12, isReported: true }])
    second.unlock()
    expect(statSync(second.path).mode & 0o777).equal(0o600)
    expect(readdirSync(join(dir, 'a', 'b'))).deep.equal([`5-${ACCOUNT}.sqlite`])
  })

  it('a chain that was started again has another journal', () => {
    const paths = [journal(), journal(`0x${'01'.repeat(32)}`), journal(`0x${'02'.repeat(32)}`)].map(
      ({ path }) => path,
    )
    expect(new Set(paths).size).equal(3)
  })

  it('is one process’s at a time: E_KEY_BUSY names the file', async () => {
    const [first, second] = [journal(), journal()]
    await first.lock(0)
    const error = await failure(second.lock(250))
    expect(error).include({ code: 'E_KEY_BUSY', exit: EXIT.busy })
    expect(error.message).include(first.path)
    const waiting = second.lock(60_000)
    first.put(intent(1))
    first.unlock()
    await waiting
    expect(second.intents()).length(1)
    second.unlock()
  })

  it('a process that is killed leaves what it has written, and no lock', async () => {
    const { path } = journal()
    const script = `
      import { SqliteTxJournal } from '${new URL('../../../src/adapters/sqlite/tx-journal.ts', import.meta.url).href}'
      const journal = new SqliteTxJournal({ dir: '${join(dir, 'a', 'b')}', chainId: 5, deploymentId: null, account: '${ACCOUNT}' })
      await journal.lock(0)
      const intent = JSON.parse(process.argv[1], (key, value) => (/Wei$|gasLimit/.test(key) ? BigInt(value) : value))
      for (let nonce = 0; ; nonce += 1) {
        journal.put({ ...intent, nonce })
        console.log(nonce)
      }`
    const text = JSON.stringify(intent(0), (_, value: unknown) =>
      typeof value === 'bigint' ? String(value) : value,
    )
    const child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script, text],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    let said = ''
    const exited = new Promise((resolve) => child.once('close', resolve))
    child.stdout.on('data', (data: Buffer) => {
      said += data.toString()
      if (said.split('\n').length > 5) child.kill('SIGKILL')
    })
    await exited
    const written = said.trimEnd().split('\n').length
    const after = journal()
    await after.lock(0)
    expect(existsSync(path)).equal(true)
    expect(after.intents().length).greaterThanOrEqual(written)
    after.unlock()
  })

  const damages: readonly (readonly [name: string, (path: string) => void])[] = [
    ['emptied', (path) => truncateSync(path, 0)],
    ['cut short', (path) => truncateSync(path, 50)],
    ['another file', (path) => writeFileSync(path, 'x'.repeat(5_000))],
    [
      'a record with a flipped bit',
      (path) => {
        const bytes = readFileSync(path)
        const at = bytes.indexOf('transfer')
        bytes[at] = bytes[at]! ^ 1
        writeFileSync(path, bytes)
      },
    ],
  ]
  for (const [name, damage] of damages) {
    it(`${name}: E_JOURNAL, and nothing is taken from it`, async () => {
      const first = journal()
      await first.lock(0)
      first.put(intent(1))
      first.unlock()
      damage(first.path)
      const second = journal()
      const read = async (): Promise<unknown> => {
        await second.lock(0)
        return second.intents()
      }
      const error = await failure(read())
      second.unlock()
      expect(error).include({ code: 'E_JOURNAL', exit: EXIT.precondition })
      expect(error.message).include(first.path)
    })
  }

  it('a place that cannot be written: E_JOURNAL', async () => {
    writeFileSync(join(dir, 'a'), 'a file where a folder should be')
    const error = await failure(journal().lock(0))
    expect(error.code).equal('E_JOURNAL')
    chmodSync(join(dir, 'a'), 0o600)
  })
})
