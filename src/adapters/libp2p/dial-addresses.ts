import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Address } from '../../types/ids.ts'
import { hostFault } from './dial-host.ts'
import { addressFromPeerId } from './identity.ts'
import { ADDRESSES_MAX } from './limits.ts'

export interface DialAddresses {
  /** All name the peer's identity, so that the handshake ends before it has begun if somebody else answers. */
  readonly addresses: readonly Multiaddr[]
  /** What was left out: `dialFault` says why; or there was no identity at all, or it was beyond the limit. */
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
    if ('fault' in parsed) {
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

/** Why nobody dials an address that a peer registers; null if it is dialled. Who registers one asks here first. */
export function dialFault(key: Address, text: string): string | null {
  const parsed = parse(key, text)
  return 'fault' in parsed ? parsed.fault : null
}

type Parsed = { readonly address: Multiaddr; readonly id: string | null } | { readonly fault: string }

/** The address and the id it names, if it is `/host/tcp/port` or `/host/tcp/port/p2p/id` with the right id. */
function parse(key: Address, text: string): Parsed {
  try {
    const address = multiaddr(text)
    const [host, tcp, p2p, ...rest] = address.getComponents()
    if (host === undefined) return { fault: 'it is empty' }
    const fault = hostFault(host.name, host.value ?? '')
    if (fault !== null) return { fault }
    if (tcp?.name !== 'tcp') return { fault: 'it is not /tcp' }
    if (tcp.value === '0') return { fault: 'port 0 is not a port' }
    const extra = p2p === undefined || p2p.name === 'p2p' ? rest[0] : p2p
    if (extra !== undefined) return { fault: `nodes speak plain TCP, not /${extra.name}` }
    if (p2p?.value === undefined) return { address, id: null }
    if (addressFromPeerId(peerIdFromString(p2p.value)) !== key)
      return { fault: `it names another peer: ${p2p.value}` }
    return { address, id: p2p.value }
  } catch {
    // untrusted text: whatever the parsers dislike is simply not an address
    return { fault: 'it is not a multiaddr' }
  }
}
