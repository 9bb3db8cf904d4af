import { multiaddr } from '@multiformats/multiaddr'
import { dialFault } from '../adapters/libp2p/dial-addresses.ts'
import { reachOf } from '../adapters/libp2p/dial-host.ts'
import { ADDRESSES_MAX } from '../adapters/libp2p/limits.ts'
import { RsdpError } from '../types/errors.ts'
import { EXIT } from '../types/exit-codes.ts'
import type { Address } from '../types/ids.ts'
import { dialSelf, tcpOf } from './tcp.ts'

/** NodeRegistry takes no longer ones. */
const ADDRESS_BYTES_MAX = 256

/**
 * Addresses as they are registered: with the key's PeerId, each one that the other nodes dial.
 *
 * @throws RsdpError E_MULTIADDR with the reason for which nobody would dial one of them
 */
export function announced(addresses: readonly string[], key: Address, peerId: string): string[] {
  if (addresses.length > ADDRESSES_MAX) throw badAddress(`there are more than ${ADDRESSES_MAX} addresses`)
  return addresses.map((text) => {
    const full = namesPeer(text) ? text : `${text}/p2p/${peerId}`
    const fault = dialFault(key, full)
    if (fault !== null) throw badAddress(`no peer would dial '${text}': ${fault}`)
    const { length } = multiaddr(full).bytes
    if (length <= ADDRESS_BYTES_MAX) return full
    throw badAddress(`'${text.slice(0, 64)}…' takes ${length} bytes, the registry takes ${ADDRESS_BYTES_MAX}`)
  })
}

/** Whether an address names a PeerId; a host may be called p2p, too. */
export function namesPeer(text: string): boolean {
  try {
    return multiaddr(text)
      .getComponents()
      .some(({ name }) => name === 'p2p')
  } catch {
    return false
  }
}

/** What speaks against addresses that can be dialled: who can reach them, and whether this machine does. */
export async function reachWarnings(addresses: readonly string[], isLocalChain: boolean): Promise<string[]> {
  if (addresses.length === 0 && !isLocalChain)
    return ['no address is announced: the node is reached by nobody, and must dial every other member itself']
  const warnings = await Promise.all(addresses.map((address) => reachWarning(address, isLocalChain)))
  return warnings.filter((warning) => warning !== null)
}

async function reachWarning(address: string, isLocalChain: boolean): Promise<string | null> {
  const target = tcpOf(address)
  if (target === null) return null
  const { protocol, host, port } = target
  const reach = reachOf(protocol, host)
  if (!isLocalChain && reach !== 'world')
    return `${address} is reached from ${reach === 'machine' ? 'this machine' : 'its own network'} only`
  const error = await dialSelf(target)
  if (error === null) return null
  const why =
    error === 'ENOTFOUND' || error === 'EAI_AGAIN'
      ? `the name ${host} does not resolve here`
      : `port ${port} of ${host} does not answer`
  return `${address} cannot be reached from here: ${why} (${error}); check name, firewall and router`
}

function badAddress(message: string): RsdpError {
  return new RsdpError({
    code: 'E_MULTIADDR',
    message,
    hint: 'write --announce /ip4/ADDRESS/tcp/PORT or /dns4/NAME/tcp/PORT, up to four times',
    exit: EXIT.usage,
  })
}
