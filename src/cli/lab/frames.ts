import { brotliCompressSync, constants } from 'node:zlib'
import { createKeyring, recoverSigner } from '../../adapters/keys/keyring.ts'
import { fromHex, keccak, utf8Hex } from '../../codec/hex.ts'
import type { Cell } from '../../lab/scenario.ts'
import type { MakeKeys } from '../../sim/keys.ts'
import { runSeed } from '../../sim/run-seed.ts'

const HEIGHTS = 3
const QUALITIES = [1, 5]

/** Signatures of the real curve: those of a stand-in would be other bytes to compress. */
const realKeys: MakeKeys = (seed) => ({
  keyring: (seat) => createKeyring(fromHex(keccak(utf8Hex(`laboratory key ${seed}/${seat}`)))),
  recover: recoverSigner,
})

/**
 * What the real protocol puts on the wire in a calm world of the simulator: messages and bytes for each height, once for each
 * receiver, as they are and with every frame compressed by itself.
 */
export async function playFrames(
  { cluster }: Cell,
  seed: number,
): Promise<{ readonly figures: Record<string, number> }> {
  // a broadcast is the same bytes for everybody
  const sizes = new WeakMap<Uint8Array, readonly number[]>()
  const sums = QUALITIES.map(() => 0)
  const wire = (bytes: Uint8Array): void => {
    let own = sizes.get(bytes)
    if (own === undefined) sizes.set(bytes, (own = QUALITIES.map((quality) => compressed(bytes, quality))))
    own.forEach((size, i) => (sums[i] = (sums[i] ?? 0) + size))
  }
  const nodes = cluster.nodes ?? 4
  const report = await runSeed(seed, { calm: true, nodes, heights: HEIGHTS, keys: realKeys, wire })
  const { frames, bytes, heights, violations } = report
  if (violations.length > 0 || heights !== HEIGHTS) throw new Error(`seed ${seed} is no calm world`)
  return {
    figures: {
      messages: frames / heights,
      messages_per_link: frames / heights / (nodes * (nodes - 1)),
      bytes: bytes / heights,
      ...Object.fromEntries(
        QUALITIES.flatMap((quality, i) => [
          [`bytes_brotli_${quality}`, (sums[i] ?? 0) / heights],
          [`saved_brotli_${quality}`, 1 - (sums[i] ?? 0) / bytes],
        ]),
      ),
    },
  }
}

function compressed(bytes: Uint8Array, quality: number): number {
  return brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: quality } }).length
}
