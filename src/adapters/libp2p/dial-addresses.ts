import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Address } from '../../types/ids.ts'
import { addressFromPeerId } from './identity.ts'
import { ADDRESSES_MAX } from './limits.ts'

/** Hosts that TCP can reach without asking a third party: no relays, no `dnsaddr` that may fan out. */
const HOST_PROTOCOLS: ReadonlySet<string> = new Set(['ip4', 'ip6', 'dns', 'dns4', 'dns6'])

export interface DialAddresses {
  /** All name the peer's identity, so that the handshake ends before it has begun if somebody else answers. */
  readonly addresses: readonly Multiaddr[]
  /** What was left out: not a TCP multiaddr, another identity, none at all, or beyond the limit. */
  readonly skipped: readonly string[]
}

/**
 * The usable ones among the addresses that a peer has registered.
 *
 * An address without an identity gets that of its neighbours; if none of them names one it is skipped, for the id cannot
 * be computed from `key`, and a dial that takes whoever answers could be turned against a third node: a liar registers
 * the place of an honest node as its own, and everybody keeps opening connections there.
 *
 * @param key identity expected there; an address whose `/p2p/` part names another is skipped
 * @param raw untrusted text, any length, any content
 */
export function dialAddresses(key: Address, raw: readonly string[]): DialAddresses {
  const skipped = raw.slice(ADDRESSES_MAX)
  const named: Multiaddr[] = []
  const bare: Multiaddr[] = []
  let id: string | null = null
  for (const text of raw.slice(0, ADDRESSES_MAX)) {
    const parsed = parse(key, text)
    if (parsed === null) {
      skipped.push(text)
    } else if (parsed.id === null) {
      bare.push(parsed.address)
    } else {
      named.push(parsed.address)
      id = parsed.id
    }
  }
  if (id === null) return { addresses: [], skipped: [...skipped, ...bare.map(String)] }
  const suffix = `/p2p/${id}`
  return { addresses: [...named, ...bare.map((address) => address.encapsulate(suffix))], skipped }
}

/** The address and the id it names, if it is `/host/tcp/port` or `/host/tcp/port/p2p/id` with the right id; else null. */
function parse(key: Address, text: string): { address: Multiaddr; id: string | null } | null {
  try {
    const address = multiaddr(text)
    const [host, tcp, p2p, ...rest] = address.getComponents()
    if (host === undefined || !HOST_PROTOCOLS.has(host.name) || tcp?.name !== 'tcp' || rest.length > 0)
      return null
    if (p2p === undefined) return { address, id: null }
    if (p2p.name !== 'p2p' || p2p.value === undefined) return null
    return addressFromPeerId(peerIdFromString(p2p.value)) === key ? { address, id: p2p.value } : null
  } catch {
    // untrusted text: whatever the parsers dislike is simply not an address
    return null
  }
}
