import { spawnSync } from 'node:child_process'
import {
  existsSync,
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
import { pathToFileURL } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { expect } from 'chai'
import { writeKeyFile } from '../../../../src/adapters/keys/key-file.ts'
import { createLogger } from '../../../../src/adapters/system/logger.ts'
import { openLogFile } from '../../../../src/adapters/system/log-file.ts'
import { fromHex } from '../../../../src/codec/hex.ts'
import { rsdpHere } from '../../../helpers/cli.ts'
import type { CliRun } from '../../../helpers/rsdp.ts'
import { errorCode } from '../../../helpers/rsdp.ts'
import { secretIn } from '../../../helpers/secret-scan.ts'
import { skip } from '../../../helpers/skip.ts'
import { untar } from '../../../helpers/untar.ts'

/** What must not be in a bundle. Only the first is nowhere on the machine but encrypted, in `key`. */
const SECRETS = {
  privateKey: `0x${'9d61b19deffd5a60ba844af492ec2cc4'.repeat(2)}`,
  password: 'correct "horse" bättery',
  otherPassword: 'staple-4711',
  apiToken: 'c0ffee'.repeat(11).slice(0, 64),
  rpcUser: 'rpc-user-1',
  rpcPassword: 'p@ss/word',
  rpcKey: 'aZ09aZ09aZ09aZ09aZ09',
  brokerPassword: 'guest-of-honour',
  dotEnv: 'value in dot env',
  cloudKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  named: 'given-by-flag',
  mnemonic: 'legal winner thank year wave sausage worth useful legal winner thank yellow',
  unknown: 'nobody-knows-this',
}
const PEER = '16Uiu2HAmJz3KrPDYEDUHLtjtZwmdLtUVoiSYMTSyyXKWLsjjvEjs'

describe('support bundle', function () {
  this.timeout(120_000)
  const before = process.env
  let folder: string
  let dataDir: string
  const at = (name: string): string => join(folder, name)
  const bundle = (...words: readonly string[]): Promise<CliRun> =>
    rsdpHere('support-bundle', '--data-dir', dataDir, '--json', '--deployment', at('none.json'), ...words)
  const refused = (run: CliRun): readonly unknown[] => [run.code, errorCode(run)]

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'rsdp-support-'))
    dataDir = at('alice')
    mkdirSync(dataDir, { mode: 0o700 })
    writeFileSync(join(dataDir, 'node.log'), '{"level":"info","event":"started"}\n')
    process.env = Object.fromEntries(Object.entries(before).filter(([name]) => !name.startsWith('RSDP_')))
  })
  afterEach(() => {
    process.env = before
    rmSync(folder, { recursive: true })
  })

  it('refuses what is no data directory, a file that is there, a folder that is not, and secrets that it cannot read', async () => {
    const nowhere = await rsdpHere('support-bundle', '--data-dir', at('nowhere'), '--json')
    expect(refused(nowhere)).deep.equal([3, 'E_DATA_DIR'])
    expect(refused(await rsdpHere('support-bundle', '--data-dir', folder, '--json'))).deep.equal([
      3,
      'E_DATA_DIR',
    ])
    writeFileSync(at('there'), 'mine')
    mkdirSync(at('folder'))
    symlinkSync(at('elsewhere'), at('link'))
    const places = [['there'], ['folder'], ['link'], ['folder', '--force'], ['link', '--force']]
    for (const [name = '', ...force] of places)
      expect(refused(await bundle('--out', at(name), ...force)), name).deep.equal([3, 'E_FILE_EXISTS'])
    for (const path of ['no/x.tar.gz', 'there/x.tar.gz'])
      expect(refused(await bundle('--out', at(path)))).deep.equal([3, 'E_FILE_WRITE'])
    for (const path of ['no', 'folder'])
      expect(refused(await bundle('--out', at('x'), '--secret-file', at(path)))).deep.equal([
        3,
        'E_SECRET_FILE',
      ])
    expect(readFileSync(at('there'), 'utf8')).equal('mine')
    expect(readdirSync(folder).sort()).deep.equal(['alice', 'folder', 'link', 'there'])
  })

  it('leaves nothing of a file that it cannot write', function () {
    // Node is not killed for it: the system refuses the write
    const module = pathToFileURL(join(import.meta.dirname, '../../../../src/cli/support/bundle-file.ts')).href
    const script = `import { writeBundle } from ${JSON.stringify(module)}
      import { randomBytes } from 'node:crypto'
      try { writeBundle('x.tar.gz', [{ name: 'x', bytes: randomBytes(1 << 20) }], false) }
      catch (error) { console.log(error.code, error.message) }`
    const command = `ulimit -f 64 && exec "$0" --no-warnings --input-type=module -e "$1"`
    const run = spawnSync('sh', ['-c', command, process.execPath, script], { cwd: folder, encoding: 'utf8' })
    if (run.error !== undefined) skip(this, 'this system has no sh')
    expect(run.stdout, run.stderr).equal('E_FILE_WRITE cannot write x.tar.gz: EFBIG\n')
    expect(readdirSync(folder)).deep.equal(['alice'])
  })

  it('replaces a file if told to, for its owner alone', async () => {
    writeFileSync(at('there'), 'mine', { mode: 0o644 })
    const run = await bundle('--out', at('there'), '--force')
    expect(run.code, run.stderr).equal(0)
    expect(statSync(at('there')).mode & 0o777).equal(0o600)
    const { data } = JSON.parse(run.stdout) as {
      data: { files: { name: string; bytes: number }[]; bytes: number }
    }
    expect(data.bytes).equal(statSync(at('there')).size)
    const files = [...untar(readFileSync(at('there')))].map(([name, { length }]) => [
      name.split('/')[1],
      length,
    ])
    expect(data.files.map(({ name, bytes }) => [name, bytes])).deep.equal(files)
    expect(files.map(([name]) => name)).include.members([
      'about.json',
      'config.json',
      'doctor.json',
      'node.log',
    ])
  })

  it('holds no secret in any form, wherever it was, and what helps', async () => {
    await plant()
    const out = at('bundle.tar.gz')
    const run = await bundle('--out', out, '--secret-file', at('named'))
    expect(run.code, run.stderr).equal(0)
    const archive = readFileSync(out)
    for (const [name, secret] of Object.entries(SECRETS))
      for (const bytes of [archive, gunzipSync(archive), Buffer.from(run.stdout + run.stderr)])
        expect(secretIn(bytes, secret), name).equal(null)
    const files = new Map([...untar(archive)].map(([name, bytes]) => [name.split('/')[1], bytes.toString()]))
    const log = [...files].flatMap(([name, text]) => (name?.startsWith('node.log') ? [text] : [])).join('')
    for (const kept of [
      '"event":"height.decided"',
      '"height":12',
      PEER,
      'rpc.example',
      '"event":"bundle.left-out","lines":2',
    ])
      expect(log, kept).include(kept)
    expect(files.get('config.json'))
      .include('RSDP_POLL_MS')
      .and.include('"otherVariables"')
      .and.include('RSDP_HIDDEN_KEY')
    expect(files.get('files.json')).include('services/1/state.bin')
    expect(files.get('status.json')).include('"running": false')
    expect(files.get('doctor.json')).include('E_NO_DEPLOYMENT')
  })

  /** A data directory and an environment with the secrets everywhere. */
  async function plant(): Promise<void> {
    const { privateKey, password, apiToken, rpcUser, rpcPassword, rpcKey, brokerPassword } = SECRETS
    await writeKeyFile(join(dataDir, 'key'), fromHex(privateKey as `0x${string}`), password)
    const control = { schema: 2, pid: 1, key: `0x${'0a'.repeat(20)}`, port: 1, token: apiToken }
    writeFileSync(join(dataDir, 'control.json'), JSON.stringify(control), { mode: 0o600 })
    writeFileSync(join(dataDir, '.env'), `A_SETTING='${SECRETS.dotEnv}' # why\n`)
    writeFileSync(join(dataDir, 'old.pw'), SECRETS.otherPassword)
    mkdirSync(join(dataDir, 'services/1'), { recursive: true })
    writeFileSync(join(dataDir, 'services/1/state.bin'), Object.values(SECRETS).join('\0'))
    writeFileSync(join(dataDir, `core-${apiToken}`), privateKey)
    writeFileSync(at('pw'), `${password}\n`, { mode: 0o600 })
    writeFileSync(at('named'), `${SECRETS.named}\n`)
    const rpcUrl = `https://${rpcUser}:${encodeURIComponent(rpcPassword)}@rpc.example/v3/${rpcKey}`
    Object.assign(process.env, {
      RSDP_PASSWORD_FILE: at('pw'),
      RSDP_RPC_URL: rpcUrl,
      RSDP_TRANSPORT: `amqp://u:${brokerPassword}@127.0.0.1`,
      RSDP_POLL_MS: '500',
      RSDP_HIDDEN_KEY: SECRETS.cloudKey,
      AWS_SECRET_ACCESS_KEY: SECRETS.cloudKey,
    })
    writeLog(rpcUrl)
  }

  function writeLog(rpcUrl: string): void {
    const { mnemonic, unknown, ...known } = SECRETS
    const path = join(dataDir, 'node.log')
    rmSync(path)
    const file = openLogFile(path, { bytesMax: 4_096, older: 4 })
    const logger = createLogger(file)
    logger.info('height.decided', { height: 12, peer: PEER, rpcUrl })
    for (const [name, secret] of Object.entries(known)) {
      logger.warn('planted', { [name]: secret, text: `a ${secret} b`, stateHash: secret, height: secret })
      logger.error('planted', {
        error: new Error(`in ${encodeURIComponent(secret)}`),
        hex: Buffer.from(secret).toString('hex'),
        inner: {
          base64: Buffer.from(`xy${secret}z`).toString('base64'),
          [secret]: JSON.stringify({ secret }),
        },
      })
    }
    const key = SECRETS.privateKey.slice(2)
    logger.info('planted', { bytes: Buffer.from(key, 'hex').toString('base64'), number: BigInt(`0x${key}`) })
    logger.info('planted', { text: `words: ${mnemonic}`, note: `apiKey=${unknown}`, token: unknown })
    file.write(`${unknown}\n`)
    file.write(`{"not":"a line of a log","x":"${unknown}"}\n`)
    file.close()
    expect(existsSync(`${path}.1`)).equal(true)
  }
})
