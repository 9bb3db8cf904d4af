import type { EvmChain } from '../adapters/evm/evm-chain.ts'
import { dialAddresses } from '../adapters/libp2p/dial-addresses.ts'
import type { Address } from '../types/ids.ts'
import { dialTcp, tcpOf } from './tcp.ts'

const PAGE_BLOCKS = 2_000
/** Anybody can register: a check that dials everybody has no end. */
const ASKED_MAX = 16

/** What every registered key says last of where it is, by key, the oldest registration first. */
export async function registeredAddresses(chain: EvmChain): Promise<ReadonlyMap<Address, readonly string[]>> {
  const addresses = new Map<Address, readonly string[]>()
  for (let page = await chain.eventsAfter(0, null, PAGE_BLOCKS); page !== null;) {
    for (const event of page.events)
      if (event.kind === 'nodeAddresses') addresses.set(event.key, event.addresses)
    page = await chain.eventsAfter(page.block, page.hash, PAGE_BLOCKS)
  }
  return addresses
}

/** Opens a TCP connection to the first address of each of the newest nodes: how long each took, null if it did not come. */
export async function dialNewest(
  addresses: ReadonlyMap<Address, readonly string[]>,
): Promise<readonly (number | null)[]> {
  const newest = [...addresses].filter(([, list]) => list.length > 0).slice(-ASKED_MAX)
  return Promise.all(
    newest.map(async ([key, list]) => {
      const [first] = dialAddresses(key, list).addresses
      const target = first === undefined ? null : tcpOf(first.toString())
      if (target === null) return null
      const dialled = await dialTcp(target)
      return 'ms' in dialled ? dialled.ms : null
    }),
  )
}
