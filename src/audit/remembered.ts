import type { RecoverSigner } from '../ports/keyring.ts'

/** A digest and a signature have one signer: for whoever audits the same task again and again. */
export function remembered(recover: RecoverSigner): RecoverSigner {
  const known = new Map<string, ReturnType<RecoverSigner>>()
  return (digest, signature) => {
    const key = digest + signature
    const before = known.get(key)
    if (before !== undefined) return before
    const signer = recover(digest, signature)
    known.set(key, signer)
    return signer
  }
}
