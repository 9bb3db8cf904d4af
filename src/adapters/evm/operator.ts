import { SigningKey, ZeroAddress } from 'ethers'
import type { Interface, TransactionReceipt } from 'ethers'
import { toHex } from '../../codec/hex.ts'
import { registerDigest } from '../../codec/objects.ts'
import { termsHash } from '../../codec/roots.ts'
import type { Terms } from '../../codec/roots.ts'
import type { Keyring } from '../../ports/keyring.ts'
import type { FinalState, KeyAllowance, PreparedCall } from '../../ports/chain.ts'
import { invariant } from '../../types/errors.ts'
import type { Address, Digest, Hex } from '../../types/ids.ts'
import type { Moment } from '../../types/moment.ts'
import type { TaskParams } from '../../types/task.ts'
import { abis } from './abi.ts'
import type { ContractName } from './deployment.ts'
import { encodeForm } from './form-call.ts'
import { encodeMultiaddrs } from './multiaddrs.ts'
import { accountOf } from './reads.ts'
import type { Wallet } from './wallet.ts'

/**
 * What operators and clients do with a wallet. Each call is tried, sent and mined when it returns; all of them throw what
 * `Wallet.execute` throws. Amounts are in the token's smallest unit.
 */
export interface Done {
  readonly hash: Digest
  readonly block: number
  readonly gasUsed: bigint
}

/** Local chains only: anybody mints the dev token. */
export async function faucet(wallet: Wallet, to: Address, amountWei: bigint): Promise<Done> {
  const data = abis().StakeToken.encodeFunctionData('faucet', [to, amountWei])
  return done(await execute(wallet, 'faucet', 'StakeToken', data))
}

/** Lets the registry (stake) or the task board (escrow) pull up to `amountWei` of the wallet's tokens. */
export async function approve(
  wallet: Wallet,
  spender: 'NodeRegistry' | 'TaskBoard',
  amountWei: bigint,
): Promise<Done> {
  const { address } = wallet.connection.deployment.contracts[spender]
  const data = abis().StakeToken.encodeFunctionData('approve', [address, amountWei])
  return done(await execute(wallet, 'approve', 'StakeToken', data))
}

/** Sends ether: gas money for a signing key. */
export async function fund(wallet: Wallet, to: Address, amountWei: bigint): Promise<Done> {
  return done(await wallet.execute('transfer', { to, data: '0x' }, amountWei))
}

/**
 * Registers a signing key of the wallet's owner, says what it may lock by itself, and adds stake, which must be approved
 * before.
 *
 * @param key agrees by its signature; the public key that goes on chain is recovered from it
 * @param addresses multiaddrs as text, at most 4; with the `/p2p/` part of the key, else peers drop them
 */
export async function register(
  wallet: Wallet,
  key: Keyring,
  stakeWei: bigint,
  { perTaskWei, totalWei }: AllowanceLimits,
  addresses: readonly string[],
): Promise<Done> {
  const { publicKey, signature } = await consent(wallet, key)
  const args = [publicKey, stakeWei, perTaskWei, totalWei, encodeMultiaddrs(addresses), signature] as const
  const data = abis().NodeRegistry.encodeFunctionData('register', [...args])
  return done(await execute(wallet, 'register', 'NodeRegistry', data))
}

/** Most that a signing key may lock by itself. */
export type AllowanceLimits = Pick<KeyAllowance, 'perTaskWei' | 'totalWei'>

/** Says how much stake a key of the wallet's owner may lock by itself. */
export async function setAllowance(wallet: Wallet, key: Address, limits: AllowanceLimits): Promise<Done> {
  const args = [key, limits.perTaskWei, limits.totalWei] as const
  const data = abis().NodeRegistry.encodeFunctionData('setAllowance', [...args])
  return done(await execute(wallet, 'setAllowance', 'NodeRegistry', data))
}

/** Replaces a key of the wallet's owner in later tasks; running ones keep the old key. */
export async function rotateKey(
  wallet: Wallet,
  oldKey: Address,
  newKey: Keyring,
  addresses: readonly string[],
): Promise<Done> {
  const { publicKey, signature } = await consent(wallet, newKey)
  const args = [oldKey, publicKey, encodeMultiaddrs(addresses), signature] as const
  const data = abis().NodeRegistry.encodeFunctionData('rotateKey', [...args])
  return done(await execute(wallet, 'rotateKey', 'NodeRegistry', data))
}

/** Says where a node can be reached. By the key itself or its operator's wallet. */
export async function updateAddresses(
  wallet: Wallet,
  key: Address,
  addresses: readonly string[],
): Promise<Done> {
  const data = abis().NodeRegistry.encodeFunctionData('updateAddresses', [key, encodeMultiaddrs(addresses)])
  return done(await execute(wallet, 'updateAddresses', 'NodeRegistry', data))
}

/** Keeps a key out of every later task, for ever. */
export async function freeze(wallet: Wallet, key: Address): Promise<Done> {
  const data = abis().NodeRegistry.encodeFunctionData('freeze', [key])
  return done(await execute(wallet, 'freeze', 'NodeRegistry', data))
}

/** Says where the operator is paid; null: at its wallet. */
export async function setPayout(wallet: Wallet, payout: Address | null): Promise<Done> {
  const data = abis().NodeRegistry.encodeFunctionData('setPayout', [payout ?? ZeroAddress])
  return done(await execute(wallet, 'setPayout', 'NodeRegistry', data))
}

/** Offers the operator's account to another wallet; null takes the offer back. */
export async function offerAccount(wallet: Wallet, newWallet: Address | null): Promise<Done> {
  const data = abis().NodeRegistry.encodeFunctionData('offerAccount', [newWallet ?? ZeroAddress])
  return done(await execute(wallet, 'offerAccount', 'NodeRegistry', data))
}

/** Takes over the account of an operator, which was offered to the wallet. */
export async function acceptAccount(wallet: Wallet, operator: Address): Promise<Done> {
  const data = abis().NodeRegistry.encodeFunctionData('acceptAccount', [operator])
  return done(await execute(wallet, 'acceptAccount', 'NodeRegistry', data))
}

export async function addStake(wallet: Wallet, amountWei: bigint): Promise<Done> {
  const data = abis().NodeRegistry.encodeFunctionData('addStake', [amountWei])
  return done(await execute(wallet, 'addStake', 'NodeRegistry', data))
}

/** @returns the tranche to `withdraw`, and the first moment at which that works */
export async function requestUnbond(
  wallet: Wallet,
  amountWei: bigint,
): Promise<Done & { readonly tranche: bigint; readonly endsAt: Moment }> {
  const data = abis().NodeRegistry.encodeFunctionData('requestUnbond', [amountWei])
  const receipt = await execute(wallet, 'requestUnbond', 'NodeRegistry', data)
  const args = eventArgs(receipt, abis().NodeRegistry, 'UnbondRequested')
  return {
    ...done(receipt),
    tranche: args[1] as bigint,
    endsAt: { number: args[3] as bigint, time: args[4] as bigint },
  }
}

export async function withdraw(wallet: Wallet, tranche: bigint): Promise<Done> {
  const data = abis().NodeRegistry.encodeFunctionData('withdraw', [tranche])
  return done(await execute(wallet, 'withdraw', 'NodeRegistry', data))
}

/** Publishes a task; its escrow must be approved for the task board before. */
export async function publish(
  wallet: Wallet,
  params: TaskParams,
): Promise<Done & { readonly taskId: bigint }> {
  const struct = { ...params, reporters: [...params.reporters] }
  const data = abis().TaskBoard.encodeFunctionData('publish', [struct])
  return published(await execute(wallet, 'publish', 'TaskBoard', data))
}

/** The task that an earlier process has published without saying so; null if there is none. */
export async function publishedEarlier(wallet: Wallet): Promise<(Done & { readonly taskId: bigint }) | null> {
  const receipt = await wallet.earlier('publish')
  return receipt === null ? null : published(receipt)
}

function published(receipt: TransactionReceipt): Done & { readonly taskId: bigint } {
  return { ...done(receipt), taskId: eventArgs(receipt, abis().TaskBoard, 'TaskPublished')[0] as bigint }
}

/** Ends a task early. By its client, once. */
export async function revoke(wallet: Wallet, taskId: bigint): Promise<Done> {
  const data = abis().TaskBoard.encodeFunctionData('revoke', [taskId])
  return done(await execute(wallet, 'revoke', 'TaskBoard', data))
}

/** Signs a key up. By its operator's wallet, or by the key itself within its allowance. */
export async function join(wallet: Wallet, taskId: bigint, key: Address, terms: Terms): Promise<Done> {
  const { domain, deployment } = wallet.connection
  const agreed = termsHash(domain.chainId, deployment.contracts.TaskBoard.address, taskId, terms)
  const data = abis().TaskBoard.encodeFunctionData('join', [taskId, key, agreed])
  return done(await execute(wallet, 'join', 'TaskBoard', data))
}

/** Takes a sign-up back, up to the task's join deadline. */
export async function quit(wallet: Wallet, taskId: bigint, key: Address): Promise<Done> {
  const data = abis().TaskBoard.encodeFunctionData('quit', [taskId, key])
  return done(await execute(wallet, 'quit', 'TaskBoard', data))
}

/** Draws the cluster, by the header of the first block that has reached `seed`. */
export async function form(wallet: Wallet, taskId: bigint, seed: Moment): Promise<Done> {
  const data = await encodeForm(wallet.connection, taskId, seed)
  return done(await execute(wallet, 'form', 'TaskBoard', data))
}

/** @returns the event's number in the task */
export async function postEvent(
  wallet: Wallet,
  taskId: bigint,
  body: Uint8Array,
): Promise<Done & { readonly seq: number }> {
  const data = abis().TaskBoard.encodeFunctionData('postEvent', [taskId, toHex(body)])
  const receipt = await execute(wallet, 'postEvent', 'TaskBoard', data)
  return { ...done(receipt), seq: Number(eventArgs(receipt, abis().TaskBoard, 'LedgerEvent')[1]) }
}

/** Publishes the last decided state. */
export async function finalize(
  wallet: Wallet,
  taskId: bigint,
  { state, previousRoot, inputsRoot, inputs }: FinalState,
): Promise<Done> {
  const args = [taskId, toHex(state), previousRoot, inputsRoot, inputs] as const
  const data = abis().TaskBoard.encodeFunctionData('finalize', [...args])
  return done(await execute(wallet, 'finalize', 'TaskBoard', data))
}

/** Brings a proof to the slasher, as calldata of one of its entry points. */
export async function submitEvidence(wallet: Wallet, data: Hex): Promise<Done> {
  return done(await execute(wallet, 'evidence', 'Slasher', data))
}

/** Takes everything that the task owes: to the wallet as client and for a drawing, and to the operator for which it acts. */
export async function claim(wallet: Wallet, taskId: bigint): Promise<Done & { readonly amountWei: bigint }> {
  const data = abis().TaskBoard.encodeFunctionData('claim', [taskId])
  const receipt = await execute(wallet, 'claim', 'TaskBoard', data)
  const paid = [
    ...allEventArgs(receipt, abis().TaskBoard, 'Claimed').map(([, , , amount]) => amount as bigint),
    ...allEventArgs(receipt, abis().TaskBoard, 'FormFeePaid').map(([, , , amount]) => amount as bigint),
    ...allEventArgs(receipt, abis().TaskBoard, 'Refunded').map(([, , amount]) => amount as bigint),
  ]
  return { ...done(receipt), amountWei: paid.reduce((sum, amount) => sum + amount, 0n) }
}

/** Turns a sign-up's lock into free stake of its operator; a part may be burnt first. */
export async function release(
  wallet: Wallet,
  taskId: bigint,
  key: Address,
): Promise<Done & { readonly amountWei: bigint }> {
  const data = abis().TaskBoard.encodeFunctionData('release', [taskId, key])
  const receipt = await execute(wallet, 'release', 'TaskBoard', data)
  return { ...done(receipt), amountWei: eventArgs(receipt, abis().TaskBoard, 'Released')[3] as bigint }
}

/** Takes what the wallet was credited for proofs. */
export async function withdrawCredit(wallet: Wallet): Promise<Done & { readonly amountWei: bigint }> {
  const data = abis().NodeRegistry.encodeFunctionData('withdrawCredit')
  const receipt = await execute(wallet, 'withdrawCredit', 'NodeRegistry', data)
  const [, , amountWei] = eventArgs(receipt, abis().NodeRegistry, 'CreditWithdrawn')
  return { ...done(receipt), amountWei: amountWei as bigint }
}

function execute(
  wallet: Wallet,
  what: string,
  contract: ContractName,
  data: string,
): Promise<TransactionReceipt> {
  const call: PreparedCall = {
    to: wallet.connection.deployment.contracts[contract].address,
    data: data as Hex,
  }
  return wallet.execute(what, call)
}

function done({ hash, blockNumber, gasUsed }: TransactionReceipt): Done {
  return { hash: hash as Digest, block: blockNumber, gasUsed }
}

/** The key's agreement to belong to the operator for which the wallet acts; the first call opens its account. */
async function consent(
  { connection, address }: Wallet,
  key: Keyring,
): Promise<{ publicKey: Hex; signature: Hex }> {
  const { chainId } = connection.domain
  const registry = connection.deployment.contracts.NodeRegistry.address
  const operator = (await accountOf(connection, address)) ?? address
  const digest = registerDigest(chainId, registry, operator, key.address)
  const signature = key.sign(digest)
  // 0x04 ‖ x ‖ y
  const publicKey: Hex = `0x${SigningKey.recoverPublicKey(digest, signature).slice(4)}`
  return { publicKey, signature }
}

/** Arguments of the one event of this name that a mined call has left behind. */
function eventArgs(receipt: TransactionReceipt, abi: Interface, name: string): readonly unknown[] {
  const [args] = allEventArgs(receipt, abi, name)
  invariant(args !== undefined, `the receipt of ${receipt.hash} has no ${name}`)
  return args
}

function allEventArgs(receipt: TransactionReceipt, abi: Interface, name: string): (readonly unknown[])[] {
  return receipt.logs.flatMap((log) => {
    const parsed = abi.parseLog(log)
    return parsed?.name === name ? [[...parsed.args] as unknown[]] : []
  })
}
