/**
 * How a secret is in some bytes: as it stands, in other letters, as a number, or in any run of hex, base64 or escapes that
 * decodes to it. Null: it is not. Works by decoding what is there; the program that is tested encodes what it looks for.
 */
export function secretIn(bytes: Buffer, secret: string): string | null {
  const text = bytes.toString('latin1')
  const wanted = [Buffer.from(secret)]
  if (/^(0x)?([0-9a-f]{2}){16,}$/i.test(secret)) {
    const digits = secret.replace(/^0x/i, '')
    wanted.push(
      Buffer.from(digits, 'hex'),
      Buffer.from(digits),
      Buffer.from(BigInt(`0x${digits}`).toString()),
    )
  }
  const isIn = (part: Buffer): boolean => wanted.some((one) => part.includes(one))
  if (isIn(bytes)) return 'as it stands'
  if (wanted.some((one) => text.toLowerCase().includes(one.toString('latin1').toLowerCase())))
    return 'in other letters'
  for (const [run] of text.matchAll(/[0-9a-f]{8,}/gi))
    for (const at of [0, 1]) if (isIn(Buffer.from(run.slice(at), 'hex'))) return 'in hex'
  for (const [run] of text.matchAll(/[\w+/-]{6,}/g))
    for (const at of [0, 1, 2, 3]) if (isIn(Buffer.from(run.slice(at), 'base64'))) return 'in base64'
  const unescaped = [
    bytes
      .toString()
      .replaceAll(/\\u([0-9a-f]{4})/gi, (_, code: string) => String.fromCharCode(parseInt(code, 16))),
    bytes.toString().replaceAll(/\\(.)/g, '$1'),
    text.replaceAll(/%([0-9a-f]{2})/gi, (_, code: string) => String.fromCharCode(parseInt(code, 16))),
  ]
  if (unescaped.some((part) => isIn(Buffer.from(part)) || isIn(Buffer.from(part, 'latin1')))) return 'escaped'
  return null
}
