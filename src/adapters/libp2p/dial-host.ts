import { BlockList, isIP } from 'node:net'

/** Hosts that TCP can reach without asking a third party: no relays, no `dnsaddr` that may fan out. */
const HOST_PROTOCOLS: ReadonlySet<string> = new Set(['ip4', 'ip6', 'dns', 'dns4', 'dns6'])

/** Addresses that no single host answers at. Of an IPv6 address with an IPv4 address in it, the rules of IPv4 hold. */
const NOT_A_HOST: readonly (readonly [what: string, list: BlockList])[] = [
  ['unspecified', subnets(['0.0.0.0', 8], ['::', 128])],
  ['link-local', subnets(['169.254.0.0', 16], ['fe80::', 10])],
  ['multicast', subnets(['224.0.0.0', 4], ['ff00::', 8])],
  ['reserved', subnets(['240.0.0.0', 4])],
]
const LOOPBACK = subnets(['127.0.0.0', 8], ['::1', 128])
const PRIVATE = subnets(
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['100.64.0.0', 10],
  ['fc00::', 7],
)

const NAME_CHARS_MAX = 253
const LABEL = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/i

/** Why no peer can dial a host of a multiaddr; null if it can be tried. */
export function hostFault(protocol: string, value: string): string | null {
  if (!HOST_PROTOCOLS.has(protocol)) return `it begins with /${protocol}, not with /ip4, /ip6 or /dns`
  if (!protocol.startsWith('dns')) {
    const [what] = NOT_A_HOST.find(([, list]) => has(list, value)) ?? []
    return what === undefined ? null : `${value} is ${what}: no host answers there`
  }
  const labels = value.split('.')
  // resolvers read 0, 127.1 and 0x7f000001 as addresses
  if (isIP(value) !== 0 || /^(\d+|0x[0-9a-f]*)$/i.test(labels.at(-1) ?? ''))
    return `${value} is an address, not a name: write /ip4/… or /ip6/…`
  if (value.length > NAME_CHARS_MAX || !labels.every((label) => LABEL.test(label)))
    return `'${value.slice(0, 64)}' is not a host name`
  return null
}

/** How far an address reaches: `machine` and `network` are addresses that others may use for hosts of their own. */
export function reachOf(protocol: string, value: string): 'machine' | 'network' | 'world' {
  if (protocol.startsWith('dns')) return /(^|\.)localhost$/i.test(value) ? 'machine' : 'world'
  if (has(LOOPBACK, value)) return 'machine'
  return has(PRIVATE, value) ? 'network' : 'world'
}

function has(list: BlockList, address: string): boolean {
  return list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
}

function subnets(...parts: readonly (readonly [net: string, prefix: number])[]): BlockList {
  const list = new BlockList()
  for (const [net, prefix] of parts) list.addSubnet(net, prefix, isIP(net) === 6 ? 'ipv6' : 'ipv4')
  return list
}
