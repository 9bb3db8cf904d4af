import { expect } from 'chai'
import fc from 'fast-check'
import { decodeMultiaddrs, encodeMultiaddrs } from '../../../src/adapters/evm/multiaddrs.ts'
import { createKeyring } from '../../../src/adapters/keys/keyring.ts'
import { dialAddresses, dialFault } from '../../../src/adapters/libp2p/dial-addresses.ts'
import { announced, reachWarnings } from '../../../src/cli/announce.ts'
import { peerIdOfKey } from '../../../src/cli/local/peer-id.ts'
import { RsdpError } from '../../../src/types/errors.ts'
import { holds } from '../../helpers/holds.ts'

const PRIVATE = new Uint8Array(32).fill(7)
const KEY = createKeyring(PRIVATE).address
const PEER = peerIdOfKey(PRIVATE)
const OTHER = peerIdOfKey(new Uint8Array(32).fill(8))

/** Why it is refused; null if it is taken. */
function refusal(...texts: readonly string[]): string | null {
  try {
    announced(texts, KEY, PEER)
    return null
  } catch (error) {
    if (!(error instanceof RsdpError)) throw error
    expect([error.code, error.exit]).deep.equal(['E_MULTIADDR', 2])
    return error.message
  }
}

describe('announced addresses', () => {
  const refused: Readonly<Record<string, RegExp>> = {
    '/ip4/203.0.113.7/udp/9100/quic-v1': /not \/tcp/,
    '/ip4/203.0.113.7/udp/9100': /not \/tcp/,
    '/ip4/203.0.113.7': /not \/tcp/,
    '/ip4/203.0.113.7/tcp/9100/ws': /not \/ws/,
    '/dns4/a.example/tcp/443/wss': /not \/wss/,
    '/dns4/a.example/tcp/443/tls/ws': /not \/tls/,
    '/ip4/203.0.113.7/tcp/80/http': /not \/http/,
    '/dnsaddr/a.example': /dnsaddr/,
    '/unix/tmp%2Fsocket': /unix/,
    '/ip6zone/eth0/ip6/fe80::1/tcp/9100': /ip6zone/,
    '/ip4/203.0.113.7/tcp/0': /port 0/,
    '/ip4/203.0.113.7/tcp/65536': /not a multiaddr/,
    '/ip4/0.0.0.0/tcp/9100': /unspecified/,
    '/ip4/0.1.2.3/tcp/9100': /unspecified/,
    '/ip6/::/tcp/9100': /unspecified/,
    '/ip6/::ffff:0.0.0.0/tcp/9100': /unspecified/,
    '/ip4/224.0.0.251/tcp/9100': /multicast/,
    '/ip6/ff02::1/tcp/9100': /multicast/,
    '/ip6/::ffff:224.0.0.1/tcp/9100': /multicast/,
    '/ip4/169.254.169.254/tcp/80': /link-local/,
    '/ip6/fe80::1/tcp/9100': /link-local/,
    '/ip4/255.255.255.255/tcp/9100': /reserved/,
    '/dns4/0.0.0.0/tcp/9100': /an address, not a name/,
    '/dns4/0/tcp/9100': /an address, not a name/,
    '/dns4/127.1/tcp/9100': /an address, not a name/,
    '/dns/0x7f000001/tcp/9100': /an address, not a name/,
    '/dns4/a b/tcp/9100': /not a host name/,
    '/dns4/-a.example/tcp/9100': /not a host name/,
    '/dns4/bücher.example/tcp/9100': /not a host name/,
    '/dns4/a..example/tcp/9100': /not a host name/,
    [`/dns4/${'a'.repeat(64)}.example/tcp/9100`]: /not a host name/,
    [`/ip4/203.0.113.7/tcp/9100/p2p/${OTHER}`]: /another peer/,
    [`/ip4/203.0.113.7/tcp/9100/p2p/${PEER}/p2p-circuit`]: /p2p-circuit/,
    '/ip4/203.0.113.7/tcp/9100/p2p/nobody': /not a multiaddr/,
    'http://a.example:9100': /not a multiaddr/,
    '203.0.113.7:9100': /not a multiaddr/,
    '': /no peer would dial/,
  }
  for (const [text, why] of Object.entries(refused))
    it(`refuses ${text.slice(0, 60)}`, () => expect(refusal(text) ?? 'taken').match(why))

  it('refuses more than the registry takes: five of them, or a name that is too long', () => {
    const one = '/ip4/203.0.113.7/tcp/9100'
    expect(refusal(one, one, one, one)).equal(null)
    expect(refusal(one, one, one, one, one)).match(/more than 4/)
    const name = Array.from({ length: 4 }, () => 'a'.repeat(62)).join('.')
    expect(refusal(`/dns4/${name}/tcp/9100`)).match(/the registry takes 256/)
  })

  it('takes what is dialled, and adds the PeerId', () => {
    for (const text of ['/ip4/203.0.113.7/tcp/9100', '/ip6/2001:db8::7/tcp/1', '/dns4/a_b.example/tcp/65535'])
      expect(announced([text], KEY, PEER)).deep.equal([`${text}/p2p/${PEER}`])
  })

  it('of any text: what is taken is dialled by whoever reads it from the chain', () => {
    const part = fc.constantFrom(
      ...['ip4', 'ip6', 'dns', 'dns4', 'dnsaddr', 'tcp', 'udp', 'ws', 'p2p', 'p2p-circuit'],
      ...['0', '1', '9100', '0.0.0.0', '127.0.0.1', '10.0.0.1', '::', '::1', 'ff02::1', 'fe80::1'],
      ...['a.example', 'localhost', '::ffff:1.2.3.4', PEER, OTHER, '', '%', 'ü'],
    )
    const address = fc.oneof(
      fc.array(part, { maxLength: 7 }).map((parts) => `/${parts.join('/')}`),
      fc
        .tuple(fc.constantFrom('ip4', 'ip6', 'dns', 'dns4'), part, fc.constantFrom('0', '9100'), part)
        .map(([kind, host, port, tail]) => `/${kind}/${host}/tcp/${port}${tail === 'ws' ? '/ws' : ''}`),
      fc.string(),
    )
    let taken = 0
    holds(
      fc.property(address, (text) => {
        if (refusal(text) !== null) return
        taken += 1
        const [full] = announced([text], KEY, PEER)
        const read = decodeMultiaddrs(encodeMultiaddrs([full!]))
        expect(dialAddresses(KEY, read).skipped).deep.equal([])
        expect(dialAddresses(KEY, read).addresses).length(1)
      }),
      4_000,
    )
    expect(taken, 'cases that are taken').greaterThan(20)
  })

  it('what the reader skips is what the writer is told, for hosts of every kind', () => {
    for (const text of Object.keys(refused)) {
      const full = text.includes('/p2p/') ? text : `${text}/p2p/${PEER}`
      expect(dialAddresses(KEY, [full]).addresses, full).deep.equal([])
      expect(dialFault(KEY, full), full).not.equal(null)
    }
  })
})

describe('whether an announced address is reached', function () {
  const full = (text: string): string => `${text}/p2p/${PEER}`

  it('loopback and private networks are named on a chain that is not local', async () => {
    const [loop] = await reachWarnings([full('/ip4/127.0.0.1/tcp/9100')], false)
    expect(loop).match(/this machine only/)
    for (const host of ['10.1.2.3', '172.31.0.1', '192.168.1.1', '100.64.0.1'])
      expect(await reachWarnings([full(`/ip4/${host}/tcp/9100`)], false), host).length(1)
    expect((await reachWarnings([full('/dns4/localhost/tcp/9100')], false))[0]).match(/this machine only/)
    expect((await reachWarnings([], false))[0]).match(/no address is announced/)
  })

  it('a name that does not resolve is named, a port of this machine is not', async () => {
    const [warning] = await reachWarnings([full('/dns4/nobody.invalid/tcp/9100')], true)
    expect(warning).match(/nobody\.invalid.*(does not resolve|ETIMEDOUT)/)
    expect(await reachWarnings([full('/ip4/127.0.0.1/tcp/19100')], true)).deep.equal([])
    expect(await reachWarnings([], true)).deep.equal([])
  })
})
