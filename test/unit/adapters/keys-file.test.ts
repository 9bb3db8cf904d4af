import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { expect } from 'chai'
import { Wallet } from 'ethers'
import { readKeyFile, writeKeyFile } from '../../../src/adapters/keys/key-file.ts'
import { addressOf } from '../../../src/adapters/keys/keyring.ts'
import { readPasswordFile } from '../../../src/adapters/keys/password.ts'
import { exposure } from '../../../src/adapters/keys/secret-file.ts'
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
    for (const text of [' päss word \r\nsecond', ' päss word \rsecond', ' päss word ', ' päss word \n'])
      expect(readPasswordFile(file('a', text)).first, JSON.stringify(text)).to.equal(' päss word ')
    for (const text of ['', '\n', '\r\nsecond', '\ufeff', '\ufeff\nsecond'])
      expect(() => readPasswordFile(file('empty', text)), JSON.stringify(text)).to.throw(/empty line/)
    writeFileSync(at('utf-16'), Buffer.from('\ufeffpass word\r\n', 'utf16le'), { mode: 0o600 })
    expect(() => readPasswordFile(at('utf-16')))
      .to.throw(/UTF-16/)
      .with.property('hint')
      .match(/UTF-8/)
  })

  describe('a password opens a key file', () => {
    const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
    /** Name, what the key was encrypted with, what the password file holds. */
    const cases: readonly (readonly [string, string | Uint8Array, string | Uint8Array])[] = [
      ['composed here, decomposed there', utf8('pa\u0308ssword'), 'p\u00e4ssword'],
      ['decomposed here, composed there', utf8('p\u00e4ssword'), 'pa\u0308ssword'],
      ['a ligature that was not taken apart', utf8('\ufb01sh and chips'), '\ufb01sh and chips'],
      ['a ligature that was', 'fish and chips', '\ufb01sh and chips'],
      ['full-width digits as they are', utf8('pass\uff11\uff12\uff13'), 'pass\uff11\uff12\uff13'],
      ['a Hangul syllable in parts', utf8('\u1112\u1161\u11ab pass'), '\ud55c pass'],
      ['a byte-order mark that an editor added', PASSWORD, `\ufeff${PASSWORD}\n`],
      ['a byte-order mark that is a part of it', utf8(`\ufeff${PASSWORD}`), `\ufeff${PASSWORD}`],
      ['a line end that is a part of it', utf8(`${PASSWORD}\n`), `${PASSWORD}\n`],
      ['a Windows line end that is', utf8(`${PASSWORD}\r\n`), `${PASSWORD}\r\n`],
      ['an old Mac’s line end that is not', PASSWORD, `${PASSWORD}\rmore`],
      [
        'bytes that are no text',
        new Uint8Array([0x70, 0xe4, 0xff]),
        new Uint8Array([0x70, 0xe4, 0xff, 0x0a]),
      ],
    ]
    for (const [name, encrypted, held] of cases)
      it(name, async () => {
        await writeKeyFile(at('key.json'), KEY, encrypted, SCRYPT_N)
        writeFileSync(at('pw'), held, { mode: 0o600 })
        expect(await read('key.json', at('pw'))).to.deep.equal(KEY)
      })

    it('and none of its forms opens a key of another, with a word about the byte-order mark', async () => {
      await writeKeyFile(at('key.json'), KEY, 'something else', SCRYPT_N)
      const plain = await failureOf(() => read('key.json', file('pw', `${PASSWORD}\n`)))
      expect([plain.code, plain.hint.includes('BOM')]).to.deep.equal(['E_KEY_PASSWORD', false])
      const marked = await failureOf(() => read('key.json', file('pw', `\ufeff${PASSWORD}`)))
      expect([marked.code, marked.hint.includes('BOM')]).to.deep.equal(['E_KEY_PASSWORD', true])
    })

    it('that is plain ASCII is tried in one form if its file has no more than it', () => {
      expect(readPasswordFile(file('one', PASSWORD)).others).to.deep.equal([])
    })
  })

  describe('permissions', () => {
    const me = { uid: 1000, groups: [1000, 2000] }
    const root = { uid: 0, groups: [0] }
    const mounted = { mode: 0o100440, uid: 0, gid: 2000, isReadOnly: true }

    it('take a secret that is mounted for a group of the process, or for root’s', () => {
      for (const [given, by] of [
        [mounted, me],
        [{ ...mounted, isReadOnly: false }, me],
        [{ ...mounted, gid: 0 }, me],
        [{ ...mounted, gid: 0 }, root],
        [{ ...mounted, mode: 0o100640 }, me],
      ] as const)
        expect(exposure('/run/secret', given, by)).to.equal(null)
    })

    it('refuse what others may open, with a hint that can be followed', () => {
      for (const [given, by, hint] of [
        [{ ...mounted, mode: 0o100444 }, me, /mounted/],
        [{ ...mounted, mode: 0o100460 }, me, /mounted/],
        [{ ...mounted, gid: 3000 }, me, /mounted/],
        [{ ...mounted, uid: 1001, isReadOnly: false }, me, /mounted/],
        [{ ...mounted, uid: 1000 }, me, /mounted/],
        [{ ...mounted, uid: 1000, isReadOnly: false }, me, /^chmod 600/],
        [{ ...mounted, isReadOnly: false }, root, /^chmod 600/],
      ] as const)
        expect(exposure('/run/secret', given, by)?.hint).to.match(hint)
    })
  })
})
