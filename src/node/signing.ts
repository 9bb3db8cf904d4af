import { hashObject, signingDigest, signOnceKey } from '../codec/objects.ts'
import type { Keyring } from '../ports/keyring.ts'
import type { SignRequest, Store } from '../ports/store.ts'
import type { Digest, MemberIndex } from '../types/ids.ts'
import type { ProtocolObject, Signed } from '../types/objects.ts'
import { failPoint } from './failpoints.ts'

/** Whose signature, for which cluster and deployment. */
export interface SignerInit {
  readonly cluster: Digest
  readonly self: MemberIndex
  readonly keyring: Keyring
  /** EIP-712 domain separator of the deployment. */
  readonly separator: Digest
}

export function signObject(
  { cluster, self, keyring, separator }: SignerInit,
  object: ProtocolObject,
): Signed {
  const hash = hashObject(cluster, object)
  return { object, member: self, hash, signature: keyring.sign(signingDigest(separator, hash)) }
}

export type ToSign = Pick<SignRequest, 'entries' | 'proof' | 'kept'> & { readonly object: ProtocolObject }

/** Signs through the sign-once store: durable before anything can be sent. */
export function signOnce(init: SignerInit, store: Store, { object, entries, proof, kept }: ToSign): Signed {
  failPoint('record.before')
  const signed = store.signOnce({
    cluster: init.cluster,
    key: signOnceKey(object),
    entries,
    proof,
    kept,
    sign: () => {
      const made = signObject(init, object)
      failPoint('record.signed')
      return made
    },
  })
  failPoint('record.after')
  if (object.type === 'checkpoint') failPoint('checkpoint.signed')
  return signed
}
