import { gunzipSync } from 'node:zlib'

/** Files of a .tar.gz by name. */
export function untar(archive: Buffer): Map<string, Buffer> {
  const tar = gunzipSync(archive)
  const files = new Map<string, Buffer>()
  for (let at = 0; tar[at] !== 0;) {
    const name = tar.toString('latin1', at, tar.indexOf(0, at))
    const length = Number.parseInt(tar.toString('latin1', at + 124, at + 135), 8)
    files.set(name, tar.subarray(at + 512, at + 512 + length))
    at += 512 * (1 + Math.ceil(length / 512))
  }
  return files
}
