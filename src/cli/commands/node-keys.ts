import { SigningKey } from 'ethers'
import { freeze, rotateKey, updateAddresses } from '../../adapters/evm/operator.ts'
import type { Connection } from '../../adapters/evm/connection.ts'
import { readHolder } from '../../adapters/evm/reads.ts'
import { createKeyring } from '../../adapters/keys/keyring.ts'
import { peerIdFromPublicKey } from '../../adapters/libp2p/identity.ts'
import { fromHex } from '../../codec/hex.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import type { Address, Hex } from '../../types/ids.ts'
import { keyOrAddress } from '../account.ts'
import { announced, namesPeer, reachWarnings } from '../announce.ts'
import { peerIdOfKey } from '../local/peer-id.ts'
import { nodeKey, requireUnregistered } from '../node-key.ts'
import type { NodeFreezeOptions, NodeRotateOptions, NodeUpdateOptions } from '../node-options.ts'
import type { CommandContext } from '../run-command.ts'
import type { WalletSession } from '../wallet-session.ts'
import { NOTHING_SENT, withWallet } from '../wallet-session.ts'

/** INodeRegistry.KeyStatus, by number. */
const STATUSES = ['unknown', 'active', 'frozen', 'rotated', 'jailed', 'convicted'] as const
type KeyStatus = (typeof STATUSES)[number]

/** Says anew where a node is reached. Sent by its operator's wallet, or by the signing key itself. */
export function nodeUpdateAddresses(
  keyText: string,
  options: NodeUpdateOptions,
  context: CommandContext,
): Promise<ExitCode> {
  const key = keyOrAddress(keyText)
  return withWallet(options, context, async ({ connection, wallet, isLocal, agreed }) => {
    const { output } = context
    const { operator, holder } = await registered(connection, key)
    if (wallet.address !== key) requireHolder(wallet.address, holder, key)
    const addresses = announced(options.announce, key, await peerIdOf(connection, key, options.announce))
    const warnings = await reachWarnings(addresses, isLocal)
    const go = await agreed([
      `reached  ${key} of operator ${operator}, from the next block on:`,
      ...(addresses.length === 0 ? ['at       nowhere'] : addresses.map((address) => `at       ${address}`)),
    ])
    const facts = { key, operator, addresses }
    if (!go) {
      output.result({ dryRun: true, ...facts, transaction: null }, NOTHING_SENT, warnings)
      return EXIT.ok
    }
    const done = await updateAddresses(wallet, key, addresses)
    const text = `${key} is reached at ${addresses.join('  ') || 'no address'}, since block ${done.block}  ${done.hash}`
    output.result({ dryRun: false, ...facts, transaction: done }, text, warnings)
    return EXIT.ok
  })
}

/** Puts the key of another data directory in the place of a signing key, in every later task. */
export function nodeRotateKey(
  keyText: string,
  options: NodeRotateOptions,
  context: CommandContext,
): Promise<ExitCode> {
  const key = keyOrAddress(keyText)
  return withWallet(options, context, async (session) => {
    const { connection, wallet, isLocal, agreed } = session
    const { output } = context
    const { operator, status } = await ownKey(session, key)
    if (status === 'rotated') throw badStatus(key, status, 'its place is taken by another key already')
    const privateKey = await nodeKey(options, isLocal)
    const next = createKeyring(privateKey)
    await requireUnregistered(connection, next.address)
    const addresses = announced(options.announce, next.address, peerIdOfKey(privateKey))
    const warnings = await reachWarnings(addresses, isLocal)
    const go = await agreed([
      `rotate   ${key} (${status}) → ${next.address}, for operator ${operator}; it cannot be taken back`,
      `old key  joins no task any more; it goes on serving those that it is in`,
      ...addresses.map((address) => `new key  is reached at ${address}`),
      'new key  may lock nothing by itself until rsdp stake allow says how much',
    ])
    const facts = { key, newKey: next.address, operator, addresses }
    if (!go) {
      output.result({ dryRun: true, ...facts, transaction: null }, NOTHING_SENT, warnings)
      return EXIT.ok
    }
    const done = await rotateKey(wallet, key, next, addresses)
    output.result(
      { dryRun: false, ...facts, transaction: done },
      `${next.address} stands for ${key} since block ${done.block}  ${done.hash}\n` +
        `next  rsdp stake allow ${next.address} PER-TASK TOTAL, rsdp fund ${next.address} 0.1, rsdp node run --data-dir ${options.dataDir}`,
      warnings,
    )
    return EXIT.ok
  })
}

/** The kill switch for a stolen key: it joins no task any more. */
export function nodeFreeze(
  keyText: string,
  options: NodeFreezeOptions,
  context: CommandContext,
): Promise<ExitCode> {
  const key = keyOrAddress(keyText)
  return withWallet(options, context, async (session) => {
    const { wallet, agreed } = session
    const { output } = context
    const { operator, status } = await ownKey(session, key)
    if (status !== 'active' && status !== 'jailed')
      throw badStatus(
        key,
        status,
        'it joins no task as it is; put another in its place: rsdp node rotate-key',
      )
    const go = await agreed([
      `freeze   ${key} of operator ${operator}, for ever: it joins no task any more`,
      'tasks    that it is in go on, and its locks there stay until they are over',
    ])
    const facts = { key, operator }
    if (!go) {
      output.result({ dryRun: true, ...facts, transaction: null }, NOTHING_SENT)
      return EXIT.ok
    }
    const done = await freeze(wallet, key)
    output.result(
      { dryRun: false, ...facts, transaction: done },
      `${key} is frozen since block ${done.block}  ${done.hash}`,
    )
    return EXIT.ok
  })
}

interface Registered {
  readonly operator: Address
  /** The wallet that acts for it now. */
  readonly holder: Address
  readonly status: KeyStatus
}

/** The registration of a key that the wallet acts for. @throws RsdpError E_KEY_UNREGISTERED, E_NOT_OPERATOR */
async function ownKey({ connection, wallet }: WalletSession, key: Address): Promise<Registered> {
  const found = await registered(connection, key)
  requireHolder(wallet.address, found.holder, key)
  return found
}

async function registered(connection: Connection, key: Address): Promise<Registered> {
  const { registry } = connection.contracts
  const owner = (await connection.read(registry.keyOwner(key))).toLowerCase() as Address
  if (BigInt(owner) !== 0n) {
    const status = STATUSES[Number(await connection.read(registry.keyStatus(key)))] ?? 'unknown'
    const holder = (await readHolder(connection, owner))?.wallet ?? owner
    return { operator: owner, holder, status }
  }
  throw new RsdpError({
    code: 'E_KEY_UNREGISTERED',
    message: `${key} is not a signing key of this deployment`,
    hint: 'rsdp stake status shows the signing keys of an operator',
    exit: EXIT.precondition,
    details: { key },
  })
}

function requireHolder(wallet: Address, holder: Address, key: Address): void {
  if (wallet === holder) return
  throw new RsdpError({
    code: 'E_NOT_OPERATOR',
    message: `${holder} acts for the operator of ${key}, and the wallet is ${wallet}`,
    hint: `give the key file of ${holder} as --key-file`,
    exit: EXIT.precondition,
    details: { key, holder, wallet },
  })
}

function badStatus(key: Address, status: KeyStatus, hint: string): RsdpError {
  return new RsdpError({
    code: 'E_KEY_STATUS',
    message: `the signing key ${key} is ${status}`,
    hint,
    exit: EXIT.precondition,
    details: { key, status },
  })
}

/** PeerId of a registered key, whose password it does not take; not asked for where every address names it. */
async function peerIdOf(connection: Connection, key: Address, addresses: readonly string[]): Promise<string> {
  if (addresses.every(namesPeer)) return ''
  const { registry } = connection.contracts
  const filter = registry.filters.KeyRegistered(undefined, key)
  const [told] = await connection.read(registry.queryFilter(filter, connection.deployment.fromBlock))
  if (told === undefined) throw connection.fault(new Error(`the registration of ${key} is missing`))
  const point = SigningKey.computePublicKey(`0x04${told.args.publicKey.slice(2)}`, true) as Hex
  return peerIdFromPublicKey(fromHex(point)).toString()
}
