import { keccak } from '../codec/hex.ts'
import { findReducerByHash, reducerHash } from '../reducers/catalog.ts'
import type { Digest } from '../types/ids.ts'
import { goesOn } from '../types/task.ts'
import type { Offer, StockTwins } from './offer.ts'
import type { Policy } from './policy.ts'
import { impurity } from './twin-code.ts'

/** Whether one rule of a policy lets a node sign up. */
export interface Finding {
  readonly rule: RuleName
  readonly holds: boolean
  /** What the task asks for and what the policy allows. */
  readonly text: string
}

/** `passing`: may hold at a later block, as sign-up gets shorter and locks come and go. */
interface Rule {
  readonly name: string
  readonly passing: boolean
  readonly judge: (policy: Policy, offer: Offer, stockTwins: StockTwins) => Omit<Finding, 'rule'>
}

const NO_CODE = /^0x0{64}$/
const PPM = 1_000_000n
const PER_BLOCKS = 1_000n
const BLOCK_SECONDS = 12

/** In the order in which they are shown. A rule is added here and, if it has a number, in `Policy` and its schema. */
const RULES = [
  { name: 'chance', passing: false, judge: judgeChance },
  { name: 'reducer', passing: false, judge: judgeReducer },
  { name: 'twin', passing: false, judge: judgeTwin },
  { name: 'client', passing: false, judge: judgeClient },
  { name: 'predecessor', passing: false, judge: judgePredecessor },
  { name: 'length', passing: true, judge: judgeLength },
  { name: 'sign-up', passing: true, judge: judgeSignUp },
  { name: 'reward', passing: false, judge: judgeReward },
  { name: 'drawing', passing: false, judge: judgeDrawing },
  { name: 'stake', passing: true, judge: judgeStake },
  { name: 'allowance', passing: true, judge: judgeAllowance },
  { name: 'lock-per-task', passing: true, judge: judgeLockPerTask },
  { name: 'lock-total', passing: true, judge: judgeLockTotal },
  { name: 'lock-pending', passing: true, judge: judgeLockPending },
] as const satisfies readonly Rule[]

export type RuleName = (typeof RULES)[number]['name']

export const RULE_NAMES: readonly RuleName[] = RULES.map(({ name }) => name)

/** What each rule says; a node signs up if all of them hold. */
export function judge(policy: Policy, offer: Offer, stockTwins: StockTwins): readonly Finding[] {
  return RULES.map(({ name, judge: ask }) => ({ rule: name, ...ask(policy, offer, stockTwins) }))
}

/** Whether a rule that does not hold now may hold at a later block. */
export function mayPass(rule: RuleName): boolean {
  return RULES.some(({ name, passing }) => name === rule && passing)
}

/** Whoever can know or choose the seed can fill a cluster with members of its own. */
function judgeChance({ chances }: Policy, { chance }: Offer): Omit<Finding, 'rule'> {
  return { holds: chances.includes(chance), text: `${chance}; allowed: ${list(chances)}` }
}

function judgeReducer({ reducers, sandboxed }: Policy, { params, bundle }: Offer): Omit<Finding, 'rule'> {
  const stock = findReducerByHash(params.reducer)
  if (stock !== null || bundle === null) {
    const name = stock?.id ?? params.reducer
    return { holds: reducers.includes(name), text: `${name}; allowed: ${list(reducers)}` }
  }
  const { authors } = bundle
  const shown = `bundle ${params.reducer} of ${list(authors)}`
  if (sandboxed === 'any') return { holds: true, text: `${shown}; allowed: any` }
  const holds = [params.reducer, ...authors].some((name) => sandboxed.includes(name))
  return { holds, text: `${shown}; allowed: ${list(sandboxed)}` }
}

/** The code alone counts: whatever else could be looked at, a client can make it look right. */
function judgeTwin({ twins }: Policy, offer: Offer, stockTwins: StockTwins): Omit<Finding, 'rule'> {
  const { twinCodeHash } = offer.terms
  const { kind, text } = twinOf(offer, stockTwins)
  const shown = kind === 'none' ? text : `${text}, code hash ${twinCodeHash}`
  return { holds: kind !== null && twins.includes(kind), text: `${shown}; allowed: ${list(twins)}` }
}

/** Whether this is the code of the twin that the package comes with for this reducer. */
export function isStockTwin(stockTwins: StockTwins, twinCodeHash: Digest, reducer: Digest): boolean {
  const stockFor = stockTwins.get(twinCodeHash)
  return stockFor !== undefined && reducerHash(stockFor) === reducer
}

interface TwinKind {
  /** Null: none that a policy takes. */
  readonly kind: Policy['twins'][number] | null
  readonly text: string
}

function twinOf({ params, terms: { twinCodeHash }, twinCode }: Offer, stockTwins: StockTwins): TwinKind {
  if (NO_CODE.test(twinCodeHash)) {
    const isNone = BigInt(params.twin) === 0n
    return isNone ? { kind: 'none', text: 'none' } : { kind: null, text: 'foreign without code' }
  }
  if (isStockTwin(stockTwins, twinCodeHash, params.reducer)) return { kind: 'stock', text: 'stock' }
  if (twinCode === null) return { kind: null, text: 'foreign' }
  if (keccak(twinCode) !== twinCodeHash)
    return { kind: null, text: 'foreign, and its code is not known here' }
  const impure = impurity(twinCode)
  return impure === null
    ? { kind: 'pure', text: 'pure' }
    : { kind: null, text: `foreign, not pure: ${impure.what} at byte ${impure.at}` }
}

function judgeClient({ clients }: Policy, { terms: { client } }: Offer): Omit<Finding, 'rule'> {
  if (clients === 'any') return { holds: true, text: `${client}; allowed: any` }
  return { holds: clients.includes(client), text: `${client}; allowed: ${list(clients)}` }
}

/** Its members wait with their locks until the other task is over, which its client may have put far away. */
function judgePredecessor({ predecessors }: Policy, { params, isLine }: Offer): Omit<Finding, 'rule'> {
  if (!goesOn(params)) return { holds: true, text: 'waits for no other task' }
  const text = `goes on from task ${params.predecessor}${isLine ? ', in a line' : ''}; allowed: ${predecessors}`
  return { holds: predecessors === 'any' || (predecessors === 'lines' && isLine), text }
}

function judgeLength({ taskBlocksMax }: Policy, { params, head, time }: Offer): Omit<Finding, 'rule'> {
  const blocks = longer(params.endBlock - head, params.endTime - time)
  return atMost(blocks, taskBlocksMax, 'blocks to the end')
}

function judgeSignUp({ signUpBlocksMax }: Policy, { params, head, time }: Offer): Omit<Finding, 'rule'> {
  const blocks = longer(params.joinDeadline - head, params.joinTime - time)
  return atMost(blocks, signUpBlocksMax, 'blocks to the end of sign-up')
}

/** What takes both so many blocks and so many seconds, in blocks; of seconds, a policy takes `BLOCK_SECONDS` for a block. */
function longer(blocks: number, seconds: number): number {
  return Math.max(blocks, Math.ceil(seconds / BLOCK_SECONDS))
}

/** With all seats taken, over the longest time that the lock may last: nobody can promise a node more than that. */
function judgeReward(
  { rewardPpmPer1000Blocks: least }: Policy,
  { params, head, time, lockTailBlocks, lockTailSeconds }: Offer,
): Omit<Finding, 'rule'> {
  const { rewardPerHeight, heights, maxNodes, stakePerNode, endBlock, endTime } = params
  const blocks = longer(
    endBlock + lockTailBlocks - head,
    endTime === 0 ? 0 : endTime + lockTailSeconds - time,
  )
  const lockBlocks = BigInt(Math.max(1, blocks))
  const reward = rewardPerHeight * BigInt(heights) * PPM * PER_BLOCKS
  const ppm = reward / (BigInt(maxNodes) * stakePerNode * lockBlocks)
  const text = `${ppm} millionths of the lock per 1,000 blocks; at least ${least}`
  return { holds: ppm >= BigInt(least), text }
}

/** A task that nobody draws ties up the lock for nothing. */
function judgeDrawing({ formGasPriceMin }: Policy, { params }: Offer): Omit<Finding, 'rule'> {
  const { formGasPrice } = params
  const text = `${formGasPrice} wei per gas for the drawing; at least ${formGasPriceMin}`
  return { holds: formGasPrice >= BigInt(formGasPriceMin), text }
}

function judgeStake(_policy: Policy, { params, stake }: Offer): Omit<Finding, 'rule'> {
  const { stakePerNode } = params
  return { holds: stakePerNode <= stake.freeWei, text: `lock of ${stakePerNode} wei; free: ${stake.freeWei}` }
}

function judgeAllowance(_policy: Policy, { params, allowance }: Offer): Omit<Finding, 'rule'> {
  const { perTaskWei, totalWei, runningWei } = allowance
  const { stakePerNode } = params
  return {
    holds: stakePerNode <= perTaskWei && runningWei + stakePerNode <= totalWei,
    text: `lock of ${stakePerNode} wei; the key may lock ${perTaskWei} a task, ${totalWei} in all, has locked ${runningWei}`,
  }
}

function judgeLockPerTask({ lockPercentPerTask }: Policy, offer: Offer): Omit<Finding, 'rule'> {
  return share(offer.params.stakePerNode, offer, lockPercentPerTask, 'the lock')
}

function judgeLockTotal({ lockPercentTotal }: Policy, offer: Offer): Omit<Finding, 'rule'> {
  return share(offer.stake.lockedWei + offer.params.stakePerNode, offer, lockPercentTotal, 'all locks')
}

function judgeLockPending({ lockPercentPending }: Policy, offer: Offer): Omit<Finding, 'rule'> {
  const wei = offer.stake.pendingWei + offer.params.stakePerNode
  return share(wei, offer, lockPercentPending, 'locks in tasks that are not drawn')
}

/** A part of the operator's stake, compared without rounding. */
function share(wei: bigint, { stake }: Offer, percentMax: number, what: string): Omit<Finding, 'rule'> {
  const all = stake.freeWei + stake.lockedWei
  const shown = all === 0n ? 'all' : `${(wei * 100n + all - 1n) / all} %`
  return {
    holds: wei * 100n <= BigInt(percentMax) * all,
    text: `${what}: ${shown} of the stake; at most ${percentMax} %`,
  }
}

function atMost(given: number, max: number, what: string): Omit<Finding, 'rule'> {
  return { holds: given <= max, text: `${given} ${what}; at most ${max}` }
}

function list(items: readonly string[]): string {
  return items.length === 0 ? 'none of them' : items.join(', ')
}
