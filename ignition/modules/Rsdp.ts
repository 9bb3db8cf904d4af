import { buildModule } from '@nomicfoundation/hardhat-ignition/modules'

/** Seconds of a deployment that counts blocks alone. */
export const NO_SECONDS = {
  taskSecondsMax: 0,
  graceSeconds: 0,
  evidenceSeconds: 0,
  seedDelaySeconds: 0,
  jailSeconds: 0,
}
/** Windows of a local chain, which counts blocks alone: it mines when somebody asks it. A public chain has its own. */
export const LOCAL_WINDOWS = {
  ...{ taskBlocksMax: 2000, closeGrace: 10, evidence: 30, reorgDepth: 6, jail: 200 },
  ...NO_SECONDS,
}
export const LOCAL_UNBONDING_BLOCKS = 3000
export const LOCAL_UNBONDING_SECONDS = 0
/** Most that a proof is worth to its reporter, token wei: one token. */
export const LOCAL_BOUNTY_WEI = 10n ** 18n
/** Number of contracts that are deployed before the board. */
export const BOARD_POSITION = 3

/**
 * NodeRegistry, PhaseLog, Slasher and TaskBoard on an existing token; BundleStore, which knows none of them; TaskLines, which
 * knows the board and is known to none.
 *
 * The four name each other without an owner: registry, log and slasher are built for the address that the board is going to
 * have, and the board refuses to be built anywhere else. Its address follows from the deployer's nonce, so the order
 * here is fixed and `board` must be the address of the contract number `BOARD_POSITION`, counted from 0.
 *
 * Parameters: `token`, `board` (addresses), `nonce` (32 random bytes: what tells this deployment from an earlier one on a
 * restarted chain), `windows`, `unbondingBlocks`, `unbondingSeconds`, `bountyWei` (about the price of 150,000 gas).
 */
export default buildModule('Rsdp', (m) => {
  const token = m.getParameter<string>('token')
  const predicted = m.getParameter<string>('board')
  const unbonding = m.getParameter('unbondingBlocks', LOCAL_UNBONDING_BLOCKS)
  const unbondingSeconds = m.getParameter('unbondingSeconds', LOCAL_UNBONDING_SECONDS)
  const windows = m.getParameter('windows', LOCAL_WINDOWS)
  const bounty = m.getParameter('bountyWei', LOCAL_BOUNTY_WEI)
  const registry = m.contract('NodeRegistry', [token, predicted, unbonding, unbondingSeconds, bounty])
  const log = m.contract('PhaseLog', [predicted, m.getParameter<string>('nonce')], { after: [registry] })
  const slasher = m.contract('Slasher', [predicted, log])
  const board = m.contract('TaskBoard', [registry, log, slasher, windows])
  const bundles = m.contract('BundleStore', [], { after: [board] })
  const lines = m.contract('TaskLines', [board], { after: [bundles] })
  return { registry, log, slasher, board, bundles, lines }
})
