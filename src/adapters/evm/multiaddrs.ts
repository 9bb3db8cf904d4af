import { multiaddr } from '@multiformats/multiaddr'
import { fromHex, toHex } from '../../codec/hex.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { Hex } from '../../types/ids.ts'

/** Binary multiaddrs as NodeRegistry takes them. @throws RsdpError E_MULTIADDR */
export function encodeMultiaddrs(addresses: readonly string[]): Hex[] {
  return addresses.map((text) => {
    try {
      return toHex(multiaddr(text).bytes)
    } catch (cause) {
      throw new RsdpError({
        code: 'E_MULTIADDR',
        message: `"${text}" is not a multiaddr`,
        hint: 'for example /ip4/203.0.113.7/tcp/9100',
        exit: EXIT.usage,
        cause,
      })
    }
  })
}

/** The readable ones: anybody can register any bytes. */
export function decodeMultiaddrs(bytes: readonly string[]): string[] {
  return bytes.flatMap((hex) => {
    try {
      return [multiaddr(fromHex(hex as Hex)).toString()]
    } catch {
      return []
    }
  })
}
