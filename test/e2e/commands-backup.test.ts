import { execFileSync } from 'node:child_process'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { id } from 'ethers'
import { addressOf } from '../../src/adapters/keys/keyring.ts'
import { openStore } from '../../src/adapters/sqlite/store.ts'
import { fromHex } from '../../src/codec/hex.ts'
import { decodeSigningHistory } from '../../src/codec/signing-history.ts'
import type { Digest, Hex } from '../../src/types/ids.ts'
import { errorCode, rsdp } from '../helpers/rsdp.ts'
import { CLUSTER, OTHER_CLUSTER, confirm, requestOf } from '../helpers/store-kit.ts'

const KEY = id('key of dave') as Hex
const OTHER_KEY = id('key of mallory') as Hex
const key = addressOf(fromHex(KEY))

describe('backups and exports of a stopped node', function () {
  this.timeout(300_000)
  let dir: string
  let dave: string
  let deployment: string
  let deploymentId: Digest
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'rsdp-backup-test-'))
    dave = folder('dave', KEY)
    deployment = deploymentFile('one', 31_337)
    deploymentId = (JSON.parse(readFileSync(deployment, 'utf8')) as { deploymentId: Digest }).deploymentId
    const store = openStore({ dataDir: dave, key, deploymentId })
    for (const height of [1, 2, 7]) store.signOnce(requestOf(confirm(height, 0)))
    store.signOnce(requestOf(confirm(3, 0), { cluster: OTHER_CLUSTER }))
    store.close()
  })
  afterEach(() => rmSync(dir, { recursive: true, force: true }))

  function folder(name: string, privateKey: Hex): string {
    const path = join(dir, name)
    mkdirSync(path, { mode: 0o700 })
    writeFileSync(join(path, 'key'), `${privateKey}\n`, { mode: 0o600 })
    return path
  }

  function deploymentFile(name: string, chainId: number): string {
    const path = join(dir, `${name}.json`)
    const contract = (n: number) => ({
      address: `0x${String(n).repeat(40)}`,
      block: 1,
      tx: id(`tx ${n}`),
      codeHash: id(`code ${n}`),
    })
    const deployed = {
      ...{ schema: 1, chainId, deployer: `0x${'9'.repeat(40)}`, deployedAt: '2026-01-01T00:00:00.000Z' },
      ...{ fromBlock: 1, deploymentId: id(name), chance: 'local', bountyWei: '1' },
      windows: {
        ...{ taskBlocksMax: 2000, closeGrace: 10, evidence: 30, reorgDepth: 6, jail: 200, unbonding: 3000 },
        ...{ taskSecondsMax: 0, graceSeconds: 0, evidenceSeconds: 0, seedDelaySeconds: 0, jailSeconds: 0 },
        unbondingSeconds: 0,
      },
      contracts: {
        ...{
          StakeToken: contract(1),
          NodeRegistry: contract(2),
          PhaseLog: contract(3),
          Slasher: contract(4),
        },
        ...{ TaskBoard: contract(5), BundleStore: contract(6), TaskLines: contract(7) },
      },
    }
    writeFileSync(path, JSON.stringify(deployed))
    return path
  }

  it('what was signed moves to a new data directory, and the old one signs no more', async () => {
    const file = join(dir, 'signed.json')
    const flags = ['--data-dir', dave, '--deployment', deployment]
    expect(
      errorCode(await rsdp('signed', 'export', ...flags, '--out', join(dir, 'no', 'such'), '--yes')),
    ).equal('E_FILE_WRITE')
    openStore({ dataDir: dave, key, deploymentId }).close()
    const done = await rsdp('signed', 'export', ...flags, '--out', file, '--yes')
    expect(done.code, done.stderr).equal(0)
    expect(decodeSigningHistory(readFileSync(file, 'utf8'))).deep.include({ isFinal: true, key })
    expect(() => openStore({ dataDir: dave, key, deploymentId })).throw(/its key signs elsewhere/)
    const again = await rsdp('signed', 'export', ...flags, '--out', file, '--yes')
    expect(again.code, again.stderr).equal(0)

    const next = folder('dave-2', KEY)
    for (let times = 0; times < 2; times += 1) {
      const taken = await rsdp('signed', 'import', file, '--data-dir', next, '--deployment', deployment)
      expect(taken.code, taken.stderr).equal(0)
    }
    const store = openStore({ dataDir: next, key, deploymentId })
    expect(store.memory(CLUSTER)).deep.equal({ kind: 'marked', mark: 7 })
    expect(store.memory(OTHER_CLUSTER)).deep.equal({ kind: 'marked', mark: 3 })
    store.close()
  })

  it('writes over no pipe and reads from none; what lies beside stays; what it writes its owner alone reads', async () => {
    const flags = ['--data-dir', dave, '--deployment', deployment]
    const pipe = join(dir, 'pipe')
    execFileSync('mkfifo', [pipe])
    expect(errorCode(await rsdp('signed', 'export', ...flags, '--out', pipe, '--yes'))).equal('E_FILE_WRITE')
    expect(lstatSync(pipe).isFIFO()).equal(true)
    // it is not retired
    openStore({ dataDir: dave, key, deploymentId }).close()
    for (const endless of [pipe, '/dev/zero'])
      expect(errorCode(await rsdp('signed', 'import', endless, ...flags))).equal('E_HISTORY_FILE')
    const backup = join(dir, 'backup')
    mkdirSync(`${backup}.new`)
    writeFileSync(join(`${backup}.new`, 'mine'), 'mine')
    expect((await rsdp('backup', 'create', ...flags, '--out', backup)).code).equal(0)
    expect(readFileSync(join(`${backup}.new`, 'mine'), 'utf8')).equal('mine')
    expect(
      readdirSync(dir)
        .filter((name) => name.startsWith('backup'))
        .sort(),
    ).deep.equal(['backup', 'backup.new'])
    const next = join(dir, 'dave-2')
    expect((await rsdp('backup', 'restore', backup, '--data-dir', next)).code).equal(0)
    for (const folder of [backup, next])
      for (const name of readdirSync(folder))
        expect(statSync(join(folder, name)).mode & 0o077, `${folder}/${name}`).equal(0)
    rmSync(join(backup, 'manifest.json'))
    symlinkSync('/dev/zero', join(backup, 'manifest.json'))
    expect(errorCode(await rsdp('backup', 'verify', backup))).equal('E_BACKUP')
  })

  it('a file of another key, chain or deployment is refused, and changes nothing', async () => {
    const file = join(dir, 'signed.json')
    await rsdp('signed', 'export', '--data-dir', dave, '--deployment', deployment, '--out', file, '--yes')
    const own = folder('own', KEY)
    const into = (dataDir: string, at: string) =>
      rsdp('signed', 'import', file, '--data-dir', dataDir, '--deployment', at)
    expect(errorCode(await into(folder('mallory', OTHER_KEY), deployment))).equal('E_HISTORY_FOREIGN')
    expect(errorCode(await into(own, deploymentFile('two', 31_337)))).equal('E_HISTORY_FOREIGN')
    expect(errorCode(await into(own, deploymentFile('three', 1337)))).equal('E_HISTORY_FOREIGN')
    expect(existsSync(join(own, 'store.sqlite'))).equal(false)
    writeFileSync(file, readFileSync(file, 'utf8').replace('"final"', '"last"'))
    expect(errorCode(await into(own, deployment))).equal('E_HISTORY_FILE')
  })

  it('of a file that is not the last word nothing is known; no import lowers anything', async () => {
    const file = join(dir, 'signed.json')
    const flags = ['--data-dir', dave, '--deployment', deployment]
    const done = await rsdp('signed', 'export', ...flags, '--out', file, '--keep')
    expect(done.code, done.stderr).equal(0)
    const before = openStore({ dataDir: dave, key, deploymentId })
    expect(before.memory(CLUSTER)).equal(null)
    before.close()
    const next = folder('dave-2', KEY)
    await rsdp('signed', 'import', file, '--data-dir', next, '--deployment', deployment)
    const final = { ...decodeSigningHistory(readFileSync(file, 'utf8'))! }
    expect(final.marks.map(({ height }) => height).sort()).deep.equal([3, 7])
    writeFileSync(file, readFileSync(file, 'utf8').replace('"final": false', '"final": true'))
    await rsdp('signed', 'import', file, '--data-dir', next, '--deployment', deployment)
    const store = openStore({ dataDir: next, key, deploymentId })
    expect(store.memory(CLUSTER)).deep.equal({ kind: 'lost' })
    store.close()
  })

  it('a restored backup is lost until the others have answered', async () => {
    const backup = join(dir, 'backup')
    const flags = ['--data-dir', dave, '--deployment', deployment, '--out', backup]
    const open = openStore({ dataDir: dave, key, deploymentId })
    expect(errorCode(await rsdp('backup', 'create', ...flags))).equal('E_LOCKED')
    open.close()
    const made = await rsdp('backup', 'create', ...flags)
    expect(made.code, made.stderr).equal(0)
    expect(errorCode(await rsdp('backup', 'create', ...flags))).equal('E_FILE_EXISTS')
    expect((await rsdp('backup', 'verify', backup)).code).equal(0)
    expect(existsSync(join(backup, 'store.seal'))).equal(false)
    expect(errorCode(await rsdp('backup', 'restore', backup, '--data-dir', dave))).equal('E_FILE_EXISTS')
    const next = join(dir, 'dave-2')
    const done = await rsdp('backup', 'restore', backup, '--data-dir', next)
    expect(done.code, done.stderr).equal(0)
    expect(readFileSync(join(next, 'key'), 'utf8')).equal(readFileSync(join(dave, 'key'), 'utf8'))
    const store = openStore({ dataDir: next, key, deploymentId })
    expect(store.verdict).equal('lost')
    expect(store.born()).equal(null)
    expect(store.find(CLUSTER, requestOf(confirm(7, 0)).key)).not.equal(null)
    store.close()
  })

  it('a backup with a file that is missing or changed: E_BACKUP, nothing is restored', async () => {
    const backup = join(dir, 'backup')
    await rsdp('backup', 'create', '--data-dir', dave, '--deployment', deployment, '--out', backup)
    for (const name of ['store.sqlite', 'key', 'manifest.json']) {
      const whole = readFileSync(join(backup, name))
      const changed = Buffer.from(whole)
      changed[changed.length >> 1]! ^= 1
      writeFileSync(join(backup, name), changed)
      expect((await rsdp('backup', 'verify', backup)).code, name).not.equal(0)
      rmSync(join(backup, name))
      const next = join(dir, 'next')
      expect(errorCode(await rsdp('backup', 'restore', backup, '--data-dir', next))).equal('E_BACKUP')
      expect(existsSync(next)).equal(false)
      writeFileSync(join(backup, name), whole)
    }
    expect((await rsdp('backup', 'verify', backup)).code).equal(0)
  })
})
