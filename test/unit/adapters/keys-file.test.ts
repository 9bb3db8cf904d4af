import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { expect } from 'chai'
import { Wallet } from 'ethers'
import { readKeyFile, readPasswordFile, writeKeyFile } from '../../../src/adapters/keys/key-file.ts'
import { addressOf } from '../../../src/adapters/keys/keyring.ts'
import { toHex } from '../../../src/codec/hex.ts'
import { RsdpError } from '../../../src/types/errors.ts'
import { EXIT } from '../../../src/types/exit-codes.ts'

const KEY = new Uint8Array(32).fill(0x5e)
const KEY_TEXT = toHex(KEY).slice(2)
const PASSWORD = 'correct horse battery'
/** Cheap: these files protect nothing. */
const SCRYPT_N = 2

describe('key file', () => {
  let folder: string
  const at = (name: string): string => join(folder, name)
  const file = (name: string, text: string, mode = 0o600): string => {
    writeFileSync(at(name), text, { mode })
    chmodSync(at(name), mode)
    return at(name)
  }

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'rsdp-keys-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  /** The error that a call rejects with, after checking that it tells nothing it should not. */
  async function failureOf(call: () => Promise<unknown>): Promise<RsdpError> {
    const error = await call().then(
      () => null,
      (reason: unknown) => reason,
    )
    if (!(error instanceof RsdpError)) throw new Error('expected an RsdpError', { cause: error })
    const told = inspect(error, { showHidden: true, depth: 9 }) + error.message + error.hint
    expect(told.toLowerCase()).to.not.include(KEY_TEXT).and.not.include(PASSWORD)
    expect(error.hint).to.not.equal('')
    expect(error.exit).to.equal(EXIT.precondition)
    return error
  }

  const read = (name: string, passwordFile: string | null, isLocalChain = false): Promise<Uint8Array> =>
    readKeyFile({ path: at(name), passwordFile, isLocalChain })

  it('reads back what it wrote, as ethers does, in a file for its owner only', async () => {
    const address = await writeKeyFile(at('deep/er/alice.json'), KEY, PASSWORD, SCRYPT_N)
    const password = file('password', `${PASSWORD}\n`)
    expect(address).to.equal(addressOf(KEY))
    expect(await read('deep/er/alice.json', password)).to.deep.equal(KEY)
    expect(statSync(at('deep/er/alice.json')).mode & 0o777).to.equal(0o600)
    expect(statSync(at('deep')).mode & 0o777).to.equal(0o700)
    const text = readFileSync(at('deep/er/alice.json'), 'utf8')
    expect((await Wallet.fromEncryptedJson(text, PASSWORD)).privateKey).to.equal(toHex(KEY))
    expect(text.toLowerCase()).to.not.include(KEY_TEXT)
    expect(JSON.parse(text)).to.include({ version: 3 })
  })

  it('never writes over a file', async () => {
    file('alice.json', 'something')
    const error = await failureOf(() => writeKeyFile(at('alice.json'), KEY, PASSWORD, SCRYPT_N))
    expect(error.code).to.equal('E_KEY_EXISTS')
    expect(readFileSync(at('alice.json'), 'utf8')).to.equal('something')
  })

  it('says where it cannot write', async () => {
    file('not a folder', '')
    const error = await failureOf(() => writeKeyFile(at('not a folder/alice.json'), KEY, PASSWORD, SCRYPT_N))
    expect(error.code).to.equal('E_KEY_WRITE')
  })

  it('takes a bare key on a local chain only', async () => {
    for (const text of [KEY_TEXT, `0x${KEY_TEXT}\n`, `  0x${KEY_TEXT.toUpperCase()}\r\n`]) {
      file('bare', text)
      expect(await read('bare', null, true)).to.deep.equal(KEY)
      expect((await failureOf(() => read('bare', null, false))).code).to.equal('E_KEY_FORMAT')
    }
  })

  it('refuses what is no key', async () => {
    const texts = [
      '',
      'hello',
      '0x',
      '00'.repeat(32),
      'ff'.repeat(32),
      KEY_TEXT.slice(2),
      `${KEY_TEXT}5e`,
      '{}',
    ]
    for (const text of [...texts, '{"version":1,"crypto":{}}', 'x'.repeat(70_000)]) {
      file('odd', text)
      expect((await failureOf(() => read('odd', null, true))).code, text.slice(0, 80)).to.equal(
        'E_KEY_FORMAT',
      )
    }
    mkdirSync(at('folder'), { mode: 0o700 })
    expect((await failureOf(() => read('folder', null))).code).to.equal('E_KEY_FORMAT')
  })

  it('refuses files that others may open', async () => {
    await writeKeyFile(at('alice.json'), KEY, PASSWORD, SCRYPT_N)
    const password = file('password', PASSWORD)
    for (const mode of [0o640, 0o604, 0o620, 0o601]) {
      chmodSync(at('alice.json'), mode)
      const error = await failureOf(() => read('alice.json', password))
      expect(error.code).to.equal('E_KEY_PERM')
      expect(error.hint).to.equal(`chmod 600 ${at('alice.json')}`)
    }
    chmodSync(at('alice.json'), 0o400)
    expect(await read('alice.json', password)).to.deep.equal(KEY)
    chmodSync(password, 0o644)
    expect((await failureOf(() => read('alice.json', password))).code).to.equal('E_KEY_PERM')
  })

  it('says that a file is missing', async () => {
    expect((await failureOf(() => read('nowhere.json', null))).code).to.equal('E_NO_KEY')
    await writeKeyFile(at('alice.json'), KEY, PASSWORD, SCRYPT_N)
    expect((await failureOf(() => read('alice.json', at('nowhere')))).code).to.equal('E_NO_KEY')
  })

  it('tells a wrong password from a damaged file', async () => {
    await writeKeyFile(at('alice.json'), KEY, PASSWORD, SCRYPT_N)
    const text = readFileSync(at('alice.json'), 'utf8')
    const password = file('password', PASSWORD)
    expect((await failureOf(() => read('alice.json', null))).code).to.equal('E_KEY_PASSWORD')
    for (const wrong of ['wrong', ` ${PASSWORD}`, `${PASSWORD} `, `\n${PASSWORD}`])
      expect((await failureOf(() => read('alice.json', file('wrong', wrong)))).code).to.equal(
        'E_KEY_PASSWORD',
      )
    file('strange.json', text.replace('"scrypt"', '"argon2"'))
    expect((await failureOf(() => read('strange.json', password))).code).to.equal('E_KEY_FORMAT')
    file('short.json', text.slice(0, -40))
    expect((await failureOf(() => read('short.json', password))).code).to.equal('E_KEY_FORMAT')
    const other = addressOf(new Uint8Array(32).fill(1)).slice(2)
    file('other.json', text.replace(/"address":"[0-9a-f]{40}"/i, `"address":"${other}"`))
    expect((await failureOf(() => read('other.json', password))).code).to.equal('E_KEY_FORMAT')
  })

  it('takes the first line of a password file as it stands', () => {
    expect(readPasswordFile(file('a', ' päss word \r\nsecond'))).to.equal(' päss word ')
    expect(readPasswordFile(file('b', 'pass'))).to.equal('pass')
  })
})
