import { expect } from 'chai'
import fc from 'fast-check'
import { scrub, scrubText } from '../../../../src/cli/support/scrub.ts'
import { Secrets } from '../../../../src/cli/support/secrets.ts'
import { secretIn } from '../../../helpers/secret-scan.ts'

/** Ways in which a secret gets into a text. */
const WAYS: Readonly<Record<string, (secret: string, around: string) => string>> = {
  'as it stands': (secret, around) => around + secret + around,
  'in JSON': (secret, around) => JSON.stringify({ [around]: secret }),
  'in a URL': (secret, around) => `q?a=${encodeURIComponent(around + secret)}`,
  'in hex': (secret, around) => Buffer.from(around + secret + around).toString('hex'),
  'in HEX': (secret, around) =>
    Buffer.from(secret + around)
      .toString('hex')
      .toUpperCase(),
  'in base64': (secret, around) => Buffer.from(around + secret + around).toString('base64'),
  'in base64url': (secret, around) => Buffer.from(around + secret).toString('base64url'),
}

describe('secrets of a support bundle', () => {
  const masked = (secret: string, text: string): string => {
    const secrets = new Secrets()
    secrets.add(secret)
    return secrets.mask(text)
  }

  for (const [name, way] of Object.entries(WAYS))
    it(`a known one is gone ${name}, whatever stands around it`, () => {
      const secret = fc.string({ minLength: 8, maxLength: 40, unit: 'grapheme' })
      fc.assert(
        fc.property(secret, fc.string({ maxLength: 7 }), (one, around) => {
          const text = way(one, around)
          expect(secretIn(Buffer.from(text), one), text).not.equal(null)
          expect(secretIn(Buffer.from(masked(one, text)), one), text).equal(null)
        }),
        { seed: 16, numRuns: 100 },
      )
    })

  it('a key in hex is also gone as bytes in base64, as a number, and in other letters', () => {
    const key = `0x${'5eC7'.repeat(16)}`
    const bytes = Buffer.from(key.slice(2), 'hex')
    for (const text of [
      `x${Buffer.concat([Buffer.from('y'), bytes]).toString('base64')}z`,
      `wei: ${BigInt(key).toString()}`,
      key.toUpperCase(),
      key.slice(2),
    ]) {
      expect(secretIn(Buffer.from(text), key), text).not.equal(null)
      expect(secretIn(Buffer.from(masked(key, text)), key), text).equal(null)
    }
  })

  it('of a URL, user, password, keys in its path and its query are secrets; host and short names are not', () => {
    const secrets = new Secrets()
    secrets.addUrl(
      'http://plain.example:8545/rpc https://user-1:p%40ssword@b.example/v3/0123456789abcdef?auth=tok-123',
    )
    const text = 'user-1 p@ssword p%40ssword 0123456789abcdef tok-123'
    expect(secrets.mask(text).replaceAll(/[* ]/g, '')).equal('')
    expect(secrets.mask('plain.example:8545/rpc b.example v3')).equal('plain.example:8545/rpc b.example v3')
  })

  const FORMS: Readonly<Record<string, string>> = {
    [`sent 0x${'5e'.repeat(32)}.`]: 'sent 0x5e5e5e5e…(56 more).',
    ['5E'.repeat(40)]: '5E5E5E5E…(72 more)',
    'Authorization: Bearer abc.def': 'Authorization: *** ***',
    'got bearer abc-123/x=': 'got bearer ***',
    'cannot open, password=hunter2, retry': 'cannot open, password=***, retry',
    '{"apiKey": "hunter 2", "n": 1}': '{"apiKey": ***, "n": 1}',
    '/rpc?key=abc&x=1': '/rpc?key=***&x=1',
    'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln': '***',
    'test test test test test test test test test test test junk': '***',
    [Buffer.from('A8#z?qL9'.repeat(4)).toString('base64')]: '***',
    'address 0x70997970C51812dc3A010C7d01b50e0d17dc79C8':
      'address 0x70997970C51812dc3A010C7d01b50e0d17dc79C8',
    '/ip4/203.0.113.7/tcp/9100/p2p/16Uiu2HAmJz3KrPDYEDUHLtjtZwmdLtUVoiSYMTSyyXKWLsjjvEjs':
      '/ip4/203.0.113.7/tcp/9100/p2p/16Uiu2HAmJz3KrPDYEDUHLtjtZwmdLtUVoiSYMTSyyXKWLsjjvEjs',
    'at Object.log (/home/alice/rsdp/node_modules/some-library/dist/esm/src/index/of/everything/main)':
      'at Object.log (/home/alice/rsdp/node_modules/some-library/dist/esm/src/index/of/everything/main)',
    'checkpoint.mined at height 12, 34 ms': 'checkpoint.mined at height 12, 34 ms',
  }
  for (const [text, safe] of Object.entries(FORMS))
    it(`by its form: ${text}`, () => expect(scrubText(text)).equal(safe))

  it('by its name, at any depth; keys of objects count as text; addresses of tokens are public', () => {
    const token = `0x${'a1'.repeat(20)}`
    const fact = { token, deep: [{ sessionToken: 'abc', [`x${'5e'.repeat(32)}`]: 1 }], note: 'password: abc' }
    expect(scrub('', fact)).deep.equal({
      token,
      deep: [{ sessionToken: '***', 'x5e5e5e5e…(56 more)': 1 }],
      note: 'password: ***',
    })
    expect(scrub('apiToken', 12)).equal('***')
  })
})
