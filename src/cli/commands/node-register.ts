import { approve, faucet, register } from '../../adapters/evm/operator.ts'
import type { AllowanceLimits } from '../../adapters/evm/operator.ts'
import { createKeyring } from '../../adapters/keys/keyring.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import { parseAmount, toWei } from '../amount.ts'
import { peerIdOfKey } from '../local/peer-id.ts'
import { nodeKey, requireUnregistered } from '../node-key.ts'
import type { NodeRegisterOptions } from '../node-options.ts'
import type { CommandContext } from '../run-command.ts'
import { requireTokens } from '../stake-limits.ts'
import type { StakeSession } from '../stake-session.ts'
import { withStake } from '../stake-session.ts'
import { inTokens } from '../stake-view.ts'
import { parseAllowance, showAllowance } from '../allowance.ts'
import { announced, reachWarnings } from '../announce.ts'
import { NOTHING_SENT } from '../wallet-session.ts'

/** Registers a node's signing key with its operator's wallet: owner, addresses, and stake if there is none yet. */
export function nodeRegister(options: NodeRegisterOptions, context: CommandContext): Promise<ExitCode> {
  const amount = options.stake === undefined ? null : parseAmount(options.stake)
  return withStake(options, context, async (session) => {
    const { wallet, stake, registry, isLocal, agreed } = session
    const { token } = stake
    const privateKey = await nodeKey(options, isLocal)
    const key = createKeyring(privateKey)
    const addresses = announced(options.announce, key.address, peerIdOfKey(privateKey))
    await requireUnregistered(wallet.connection, key.address)
    const stakeWei = amount === null ? 0n : toWei(amount, token.decimals)
    const missing = requireTokens(stake, stakeWei, isLocal)
    const toApprove = stake.allowanceWei < stakeWei
    const allowance = allowed(options, session, stakeWei)
    const warnings = await reachWarnings(addresses, isLocal)
    const go = await agreed([
      `register ${key.address} for operator ${stake.operator} in NodeRegistry ${registry}`,
      ...addresses.map((address) => `reached  at ${address}`),
      `by key   ${showAllowance(allowance, token)}`,
      `free     ${inTokens(stake.freeWei, token)} → ${inTokens(stake.freeWei + stakeWei, token)}`,
    ])
    const facts = { key: key.address, operator: stake.operator, addresses, stakeWei, allowance }
    if (!go) {
      context.output.result({ dryRun: true, ...facts, transaction: null }, NOTHING_SENT, warnings)
      return EXIT.ok
    }
    if (missing > 0n) await faucet(wallet, wallet.address, missing)
    if (toApprove) await approve(wallet, 'NodeRegistry', stakeWei)
    const done = await register(wallet, key, stakeWei, allowance, addresses)
    context.output.result(
      { dryRun: false, ...facts, transaction: done },
      `registered ${key.address} in block ${done.block}  ${done.hash}\nnext  rsdp node run --data-dir ${options.dataDir}`,
      warnings,
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
