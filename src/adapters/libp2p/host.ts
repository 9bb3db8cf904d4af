import { multiaddr } from '@multiformats/multiaddr'
import type { Multiaddr } from '@multiformats/multiaddr'

/** Where a connection comes from: an IPv4 address, or the 64 bits of an IPv6 address that a site is given as a whole. */
export type Host = string

/** What processes of this machine use to reach each other. */
export const THIS_MACHINE: Host = '127.0.0.1'

const SITE_BYTES = 8
const MAPPED = /^0{20}ffff/

/** The host of an `/ip4/…` or `/ip6/…` address; null for a name, which says nothing about where it leads. */
export function hostOf(address: Multiaddr): Host | null {
  const [part] = address.getComponents()
  if (part?.value === undefined) return null
  if (part.name === 'ip4') return part.value
  if (part.name !== 'ip6') return null
  // the protocol's number takes one byte
  const bytes = multiaddr(`/ip6/${part.value}`).bytes.subarray(1)
  const hex = Buffer.from(bytes).toString('hex')
  if (MAPPED.test(hex)) return bytes.subarray(12).join('.')
  if (/^0{31}1$/.test(hex)) return THIS_MACHINE
  return hex.slice(0, 2 * SITE_BYTES)
}
