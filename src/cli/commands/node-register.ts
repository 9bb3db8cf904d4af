import { join } from 'node:path'
import { multiaddr } from '@multiformats/multiaddr'
import { approve, faucet, register } from '../../adapters/evm/operator.ts'
import type { AllowanceLimits } from '../../adapters/evm/operator.ts'
import { readKeyFile } from '../../adapters/keys/key-file.ts'
import { createKeyring } from '../../adapters/keys/keyring.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import { parseAmount, toWei } from '../amount.ts'
import { peerIdOfKey } from '../local/peer-id.ts'
import { refuseTestKey } from '../local/test-keys.ts'
import type { NodeRegisterOptions } from '../options.ts'
import { passwordPrompt } from '../password.ts'
import type { CommandContext } from '../run-command.ts'
import { needsInput } from '../terminal.ts'
import { requireTokens } from '../stake-limits.ts'
import type { StakeSession } from '../stake-session.ts'
import { withStake } from '../stake-session.ts'
import { inTokens } from '../stake-view.ts'
import { parseAllowance, showAllowance } from '../allowance.ts'

/** The registry takes so many. */
const ADDRESSES_MAX = 4

/** Registers a node's signing key with its operator's wallet: owner, addresses, and stake if there is none yet. */
export function nodeRegister(options: NodeRegisterOptions, context: CommandContext): Promise<ExitCode> {
  const amount = options.stake === undefined ? null : parseAmount(options.stake)
  return withStake(options, context, async (session) => {
    const { wallet, stake, registry, isLocal, agreed } = session
    const { token } = stake
    const privateKey = await signingKey(options, session)
    const addresses = announced(options.announce, peerIdOfKey(privateKey))
    const key = createKeyring(privateKey)
    await requireUnregistered(session, key.address)
    const stakeWei = amount === null ? 0n : toWei(amount, token.decimals)
    const missing = requireTokens(stake, stakeWei, isLocal)
    const toApprove = stake.allowanceWei < stakeWei
    const allowance = allowed(options, session, stakeWei)
    const go = await agreed([
      `register ${key.address} for operator ${stake.operator} in NodeRegistry ${registry}`,
      ...addresses.map((address) => `reached  at ${address}`),
      `by key   ${showAllowance(allowance, token)}`,
      `free     ${inTokens(stake.freeWei, token)} → ${inTokens(stake.freeWei + stakeWei, token)}`,
    ])
    const facts = { key: key.address, operator: stake.operator, addresses, stakeWei, allowance }
    if (!go) {
      context.output.result({ dryRun: true, ...facts, transaction: null }, 'nothing was sent (--dry-run)')
      return EXIT.ok
    }
    if (missing > 0n) await faucet(wallet, wallet.address, missing)
    if (toApprove) await approve(wallet, 'NodeRegistry', stakeWei)
    const done = await register(wallet, key, stakeWei, allowance, addresses)
    context.output.result(
      { dryRun: false, ...facts, transaction: done },
      `registered ${key.address} in block ${done.block}  ${done.hash}\nnext  rsdp node run --data-dir ${options.dataDir}`,
    )
    return EXIT.ok
  })
}

/** What the key may lock by itself. On a local chain, unless said, all there is. @throws RsdpError E_ALLOW */
function allowed(
  { allowPerTask, allowTotal }: NodeRegisterOptions,
  { stake, isLocal }: StakeSession,
  stakeWei: bigint,
): AllowanceLimits {
  if (allowPerTask !== undefined && allowTotal !== undefined)
    return parseAllowance(allowPerTask, allowTotal, stake.token.decimals)
  if (isLocal && allowPerTask === undefined && allowTotal === undefined) {
    const all = stake.freeWei + stake.lockedWei + stakeWei
    return { perTaskWei: all, totalWei: all }
  }
  throw new RsdpError({
    code: 'E_ALLOW',
    message: 'how much stake may this signing key lock by itself? It is not said',
    hint: 'give --allow-per-task and --allow-total; 0 and 0: only the wallet signs it up (rsdp task join)',
    exit: EXIT.usage,
  })
}

async function signingKey(options: NodeRegisterOptions, { isLocal }: StakeSession): Promise<Uint8Array> {
  const { dataDir, nodePasswordFile } = options
  const askPassword = passwordPrompt()
  const privateKey = await readKeyFile({
    path: join(dataDir, 'key'),
    passwordFile: nodePasswordFile ?? null,
    isLocalChain: isLocal,
    // here the usual flag is the wallet's
    askPassword:
      askPassword ??
      (() => Promise.reject(needsInput(`the key in ${dataDir} is encrypted`, '--node-password-file'))),
  })
  refuseTestKey(privateKey, isLocal)
  return privateKey
}

/** Multiaddrs with the key's PeerId: peers drop others. @throws RsdpError E_MULTIADDR */
function announced(addresses: readonly string[], peerId: string): string[] {
  if (addresses.length > ADDRESSES_MAX) throw badAddress(`more than ${ADDRESSES_MAX} addresses`)
  return addresses.map((text) => {
    const full = text.includes('/p2p/') ? text : `${text}/p2p/${peerId}`
    try {
      multiaddr(full)
    } catch {
      throw badAddress(`'${text}' is not a multiaddr`)
    }
    if (full.endsWith(`/p2p/${peerId}`)) return full
    throw badAddress(`'${text}' names another peer than ${peerId}`)
  })
}

async function requireUnregistered({ wallet }: StakeSession, key: `0x${string}`): Promise<void> {
  const { connection } = wallet
  const owner = await connection.read(connection.contracts.registry.keyOwner(key))
  if (BigInt(owner) === 0n) return
  throw new RsdpError({
    code: 'E_KEY_REGISTERED',
    message: `the signing key ${key} is registered already, for operator ${owner.toLowerCase()}`,
    hint: 'add stake with rsdp stake deposit; a key is registered once',
    exit: EXIT.precondition,
    details: { key, operator: owner.toLowerCase() },
  })
}

function badAddress(message: string): RsdpError {
  return new RsdpError({
    code: 'E_MULTIADDR',
    message,
    hint: 'write --announce /ip4/203.0.113.7/tcp/9100, up to four times',
    exit: EXIT.usage,
  })
}
