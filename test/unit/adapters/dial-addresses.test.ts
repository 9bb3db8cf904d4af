import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { expect } from 'chai'
import { dialAddresses } from '../../../src/adapters/libp2p/dial-addresses.ts'
import { addressFromPeerId } from '../../../src/adapters/libp2p/identity.ts'
import { ADDRESSES_MAX } from '../../../src/adapters/libp2p/limits.ts'
import { seatLibp2pKey } from '../../helpers/transport-kit.ts'

describe('dialAddresses', () => {
  const aliceId = peerIdFromPrivateKey(seatLibp2pKey(1))
  const malloryId = peerIdFromPrivateKey(seatLibp2pKey(2))
  const alice = addressFromPeerId(aliceId)!

  const texts = (raw: readonly string[]): string[] => dialAddresses(alice, raw).addresses.map(String)

  it('keeps addresses that name the right identity', () => {
    const raw = [
      `/ip4/127.0.0.1/tcp/4001/p2p/${aliceId.toString()}`,
      `/dns4/alice.example/tcp/1/p2p/${aliceId.toString()}`,
    ]
    expect(texts(raw)).to.deep.equal(raw)
  })

  it('adds the identity to bare addresses once one address tells it', () => {
    const named = `/ip4/127.0.0.1/tcp/4001/p2p/${aliceId.toString()}`
    expect(texts(['/ip6/::1/tcp/9', named])).to.deep.equal([
      named,
      `/ip6/::1/tcp/9/p2p/${aliceId.toString()}`,
    ])
  })

  it('skips bare addresses when none tells the identity: a dial must not reach a third node', () => {
    const raw = ['/ip4/10.0.0.1/tcp/1', '/ip4/10.0.0.2/tcp/2']
    expect(dialAddresses(alice, raw)).to.deep.equal({ addresses: [], skipped: raw })
  })

  it('B03, B05: skips another identity, relays, third parties, other transports and junk', () => {
    const raw = [
      `/ip4/127.0.0.1/tcp/1/p2p/${malloryId.toString()}`,
      `/ip4/127.0.0.1/tcp/1/p2p/${malloryId.toString()}/p2p-circuit/p2p/${aliceId.toString()}`,
      `/dnsaddr/alice.example/p2p/${aliceId.toString()}`,
      '/ip4/127.0.0.1/udp/1/quic-v1',
      '/ip4/127.0.0.1/tcp/1/ws',
      '/ip4/999.0.0.1/tcp/1',
      '/unix/tmp%2Fsocket',
      'http://alice.example',
    ]
    for (const text of raw) {
      expect(dialAddresses(alice, [text]), text).to.deep.equal({ addresses: [], skipped: [text] })
    }
  })

  it('tries a bounded number of addresses', () => {
    const raw = Array.from(
      { length: 1_000 },
      (_, at) => `/ip4/10.0.0.1/tcp/${at + 1}/p2p/${aliceId.toString()}`,
    )
    const { addresses, skipped } = dialAddresses(alice, raw)
    expect(addresses).to.have.length(ADDRESSES_MAX)
    expect(skipped).to.have.length(1_000 - ADDRESSES_MAX)
  })
})
