import { PROFILE } from '../../sandbox/profile.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { Digest } from '../../types/ids.ts'

/** How long a mirror may take for a bundle, all of it. */
const MIRROR_MS_MAX = 5_000

/**
 * What the operator's mirror has under a bundle's id, `<url>/<id>`: at most as many bytes as a bundle may have, and nothing
 * that it points to elsewhere. Whether they are the bundle, their hash says. Null if it has none (404).
 *
 * @throws RsdpError E_BUNDLE_MIRROR if it cannot be asked, or answers with something else
 */
export async function fromMirror(url: string, id: Digest): Promise<Uint8Array | null> {
  const address = URL.canParse(url) ? new URL(`${url.replace(/\/+$/, '')}/${id}`) : null
  if (address === null || !/^https?:$/.test(address.protocol)) throw mirrorError(url, 'no http or https URL')
  let response: Response
  try {
    response = await fetch(address, { redirect: 'manual', signal: AbortSignal.timeout(MIRROR_MS_MAX) })
    if (response.status === 404) return null
    if (response.status !== 200 || response.body === null)
      throw mirrorError(
        url,
        `status ${response.status}${response.status >= 300 && response.status < 400 ? ', and redirects are not followed' : ''}`,
      )
    return await atMost(PROFILE.bundleBytesMax, response.body as AsyncIterable<Uint8Array>, url)
  } catch (cause) {
    if (cause instanceof RsdpError) throw cause
    const isLate = cause instanceof DOMException && cause.name === 'TimeoutError'
    throw mirrorError(url, isLate ? `no bundle within ${MIRROR_MS_MAX} ms` : 'it cannot be reached')
  }
}

async function atMost(bytesMax: number, body: AsyncIterable<Uint8Array>, url: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of body) {
    length += chunk.length
    if (length > bytesMax) throw mirrorError(url, `more than ${bytesMax} bytes`)
    chunks.push(chunk)
  }
  const bytes = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}

/** The URL may hold a secret: its host is named alone. */
function mirrorError(url: string, why: string): RsdpError {
  const host = URL.canParse(url) ? new URL(url).host : 'the mirror'
  return new RsdpError({
    code: 'E_BUNDLE_MIRROR',
    message: `${host} gives no bundle: ${why}`,
    hint: '--bundle-mirror names where bundles lie under their ids; leave it out to do without',
    exit: EXIT.unreachable,
    details: { host },
  })
}
