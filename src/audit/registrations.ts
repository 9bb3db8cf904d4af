import { keccak } from '../codec/hex.ts'
import { registerDigest } from '../codec/objects.ts'
import type { TaskHistory } from '../ports/chain-history.ts'
import type { Address, Hex } from '../types/ids.ts'
import type { Accounts } from './accounts.ts'
import type { Judge } from './judge.ts'
import type { Reconciled, Reconciler } from './reconcile.ts'

/** Who a key belongs to, and since when it joins no more tasks. */
export interface Registration {
  readonly key: Address
  readonly operator: Address
  readonly block: bigint
  /** Block in which the key was frozen or replaced, whichever came first; null if neither. */
  readonly retiredAt: bigint | null
}

/** Address of a 64-byte public key. */
export function addressOf(publicKey: Hex): Address {
  return `0x${keccak(publicKey).slice(26)}`
}

/** Registrations of all keys that signed up: public key ↔ address, the key's own consent, its operator. */
export function checkRegistrations(
  judge: Judge,
  history: TaskHistory,
  reconciler: Reconciler,
  accounts: Accounts,
): ReadonlyMap<Address, Registration> {
  const retired = new Map<Address, bigint>()
  for (const frozen of reconciler.all('KeyFrozen')) {
    accounts.operatorOf('KeyFrozen', frozen)
    retired.set(frozen.args.key, frozen.block)
  }
  for (const rotated of reconciler.all('KeyRotated')) {
    const { oldKey } = rotated.args
    // a replaced key is never frozen afterwards, a frozen one may be replaced
    if (!retired.has(oldKey)) retired.set(oldKey, rotated.block)
    checkRotation(judge, history, rotated, accounts.operatorOf('KeyRotated', rotated))
  }
  const registrations = new Map<Address, Registration>()
  for (const registered of reconciler.all('KeyRegistered')) {
    const operator = accounts.operatorOf('KeyRegistered', registered)
    const key = checkKey(judge, history, registered, operator)
    const { block } = registered
    registrations.set(key, { key, operator, block, retiredAt: retired.get(key) ?? null })
  }
  return registrations
}

function checkRotation(
  judge: Judge,
  history: TaskHistory,
  rotated: Reconciled<'KeyRotated'>,
  operator: Address,
): void {
  const { args, bench, call, sender } = rotated
  if (call === null || !('publicKey' in call)) return
  const derived = addressOf(call.publicKey)
  if (sender !== null) {
    bench.equal('KeyRotated.newKey', derived, args.newKey, 'address of the public key of rotateKey()')
    checkConsent(judge, history, rotated, operator, derived)
    return
  }
  const why = 'KeyRotated names the address of this public key'
  if (derived !== args.newKey)
    bench.calldata(rotated.transactionHash, 'rotateKey().publicKey', args.newKey, derived, why)
  checkConsent(judge, history, rotated, operator, args.newKey)
}

function checkKey(
  judge: Judge,
  history: TaskHistory,
  registered: Reconciled<'KeyRegistered'>,
  operator: Address,
): Address {
  const { args, bench, sender } = registered
  const derived = addressOf(args.publicKey)
  // where the transaction binds the public key, the address follows from it; else either could be wrong
  if (sender !== null) bench.equal('KeyRegistered.key', derived, args.key, 'address of the public key')
  else bench.equal('KeyRegistered.publicKey', args.key, derived, 'a key is the address of its public key')
  const key = sender === null ? args.key : derived
  if (checkConsent(judge, history, registered, operator, key)) judge.counts.registrationSignatures += 1
  return key
}

/** The key itself signs who owns it; only calldata holds that signature. */
function checkConsent(
  judge: Judge,
  { expected }: TaskHistory,
  { bench, call, callName, transactionHash }: Reconciled<'KeyRegistered'> | Reconciled<'KeyRotated'>,
  operator: Address,
  key: Address,
): boolean {
  if (callName === null || call === null || !('signature' in call)) {
    bench.missing('register().signature', 'registered through another contract, or not served')
    return false
  }
  const { address } = expected.contracts.NodeRegistry
  const signer = judge.recover(registerDigest(expected.chainId, address, operator, key), call.signature)
  if (signer === key) return true
  const why = 'the key itself consents to its operator'
  bench.calldata(transactionHash, `${callName}().signature`, key, signer ?? 'nobody', why)
  return false
}
