import { Contract } from 'ethers'
import type { ITaskLine, TaskLine } from '../../../types/ethers-contracts/TaskLine.ts'
import { RsdpError, invariant } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { Address, Digest, Hex } from '../../types/ids.ts'
import type { Moment } from '../../types/moment.ts'
import type { TaskParams } from '../../types/task.ts'
import { abis } from './abi.ts'
import type { Connection } from './connection.ts'
import type { Done } from './operator.ts'
import type { Wallet } from './wallet.ts'

/** What every task of a line is published with (ITaskLine.Plan). Times of `params` count from `renew`. */
export interface LinePlan {
  readonly params: TaskParams
  /** The line appends its generation to the reducer's params. */
  readonly withGeneration: boolean
  readonly renewBeforeBlocks: number
  readonly renewBeforeSeconds: number
  readonly renewBeforeHeights: number
  readonly paceBlocks: number
  readonly paceSeconds: number
  readonly renewFee: bigint
}

/** A task of a line. */
export interface LineTask {
  readonly taskId: bigint
  readonly predecessor: bigint
  readonly generation: bigint
  readonly keeper: Address
  readonly feeWei: bigint
  readonly escrowWei: bigint
  readonly block: number
}

/** Where a line stands at the latest block. */
export interface LineView {
  readonly line: Address
  readonly owner: Address
  readonly budgetWei: bigint
  readonly generation: bigint
  /** In the order of their publication. */
  readonly tasks: readonly LineTask[]
  readonly isDue: boolean
  readonly isLost: boolean
  /** Whoever renews now is paid the fee. */
  readonly isPaid: boolean
  /** Task that the next one goes on from; 0: none. */
  readonly predecessor: bigint
  readonly renewFee: bigint
  /** Another plan comes into force then; null: none was announced. */
  readonly nextPlanAt: Moment | null
  /** From when on nothing is published any more; null: nobody has closed the line. */
  readonly closesAt: Moment | null
}

/** The line at an address. Throws RsdpError E_NO_LINE, E_RPC_DOWN. */
export async function openLine(connection: Connection, address: Address): Promise<TaskLine> {
  if (!(await connection.read(connection.contracts.lines.isLine(address))))
    throw new RsdpError({
      code: 'E_NO_LINE',
      message: `${address} is no line of this deployment`,
      hint: 'rsdp line open says the address of a new one',
      exit: EXIT.precondition,
      details: { address },
    })
  return new Contract(address, abis().TaskLine, connection.provider) as unknown as TaskLine
}

/** Everything that the line says of itself. */
export async function readLine(connection: Connection, address: Address): Promise<LineView> {
  const line = await openLine(connection, address)
  const standing = await connection.read(line.standing())
  const seam = await connection.read(line.seam())
  const { fromBlock } = connection.deployment
  const renewed = await connection.read(line.queryFilter(line.filters.Renewed(), fromBlock))
  const plan = await planInForce(connection, line)
  return {
    line: address,
    owner: lower(standing.owner),
    budgetWei: standing.budget,
    generation: standing.generation,
    tasks: renewed.map(({ args, blockNumber }) => ({
      taskId: args.taskId,
      predecessor: args.predecessor,
      generation: args.generation,
      keeper: lower(args.keeper),
      feeWei: args.fee,
      escrowWei: args.escrow,
      block: blockNumber,
    })),
    ...{ isDue: seam.isDue, isLost: seam.isLost, isPaid: seam.isPaid, predecessor: seam.predecessor },
    renewFee: plan.renewFee,
    nextPlanAt: BigInt(standing.nextPlanHash) === 0n ? null : momentOf(standing.nextPlanAt),
    closesAt: standing.closesAt.number === 0n ? null : momentOf(standing.closesAt),
  }
}

/** The plan that `renew` takes now, as it was announced. */
async function planInForce(connection: Connection, line: TaskLine): Promise<ITaskLine.PlanStructOutput> {
  const { planHash, nextPlanHash, nextPlanAt } = await connection.read(line.standing())
  const { number, time } = await connection.latest()
  const isNext = BigInt(nextPlanHash) !== 0n && number >= nextPlanAt.number && time >= nextPlanAt.time
  const wanted = isNext ? nextPlanHash : planHash
  const filter = line.filters.Planned(wanted)
  const planned = await connection.read(line.queryFilter(filter, connection.deployment.fromBlock))
  const plan = planned.at(-1)?.args.plan
  if (plan !== undefined) return plan
  throw new RsdpError({
    code: 'E_RPC_DOWN',
    message: `the endpoint does not serve the plan ${wanted} of the line`,
    hint: 'ask another RPC endpoint',
    exit: EXIT.unreachable,
  })
}

/** Makes a line of the wallet's. */
export async function makeLine(wallet: Wallet, plan: LinePlan): Promise<Done & { readonly line: Address }> {
  const struct = { ...plan, params: { ...plan.params, reporters: [...plan.params.reporters] } }
  const data = abis().TaskLines.encodeFunctionData('open', [struct])
  const { lines } = wallet.connection.contracts
  const receipt = await wallet.execute('line open', { to: lower(await lines.getAddress()), data: hex(data) })
  const opened = receipt.logs
    .map((log) => abis().TaskLines.parseLog(log))
    .find((event) => event?.name === 'LineOpened')
  return { ...done(receipt), line: lower(String(opened?.args[0])) }
}

/** Adds to a line's budget, after letting it pull the amount. */
export async function fundLine(wallet: Wallet, line: Address, amountWei: bigint): Promise<Done> {
  const { token } = wallet.connection.contracts
  const allowed = await wallet.connection.read(token.allowance(wallet.address, line))
  if (allowed < amountWei) {
    const data = abis().StakeToken.encodeFunctionData('approve', [line, amountWei])
    await wallet.execute('approve', { to: lower(await token.getAddress()), data: hex(data) })
  }
  return send(wallet, line, 'line fund', abis().TaskLine.encodeFunctionData('fund', [amountWei]))
}

/** Has the line publish its next task, by the plan in force. */
export async function renewLine(
  wallet: Wallet,
  address: Address,
): Promise<Done & { readonly taskId: bigint; readonly predecessor: bigint; readonly feeWei: bigint }> {
  const line = await openLine(wallet.connection, address)
  const plan = await planInForce(wallet.connection, line)
  const data = abis().TaskLine.encodeFunctionData('renew', [plan])
  const receipt = await wallet.execute('line renew', { to: address, data: hex(data) })
  const event = receipt.logs
    .map((log) => abis().TaskLine.parseLog(log))
    .find((parsed) => parsed?.name === 'Renewed')
  invariant(event !== undefined && event !== null, `the receipt of ${receipt.hash} has no Renewed`)
  const [taskId, predecessor, , , feeWei] = [...event.args] as bigint[]
  return { ...done(receipt), taskId: taskId ?? 0n, predecessor: predecessor ?? 0n, feeWei: feeWei ?? 0n }
}

/** What `collect` would bring back of a task now; 0: nothing yet, or nothing any more. */
export async function collectable(connection: Connection, line: TaskLine, taskId: bigint): Promise<bigint> {
  try {
    return await line.collect.staticCall(taskId)
  } catch (error) {
    if ((error as { code?: unknown }).code === 'CALL_EXCEPTION') return 0n
    throw connection.fault(error)
  }
}

/** Takes what a task did not spend back into the budget. */
export function collectFor(wallet: Wallet, line: Address, taskId: bigint): Promise<Done> {
  return send(wallet, line, 'line collect', abis().TaskLine.encodeFunctionData('collect', [taskId]))
}

/** Closes the line, one task's length from now on. */
export function closeLine(wallet: Wallet, line: Address): Promise<Done> {
  return send(wallet, line, 'line close', abis().TaskLine.encodeFunctionData('closeLine'))
}

/** Takes the rest of a closed line. */
export function withdrawLine(wallet: Wallet, line: Address): Promise<Done> {
  return send(wallet, line, 'line withdraw', abis().TaskLine.encodeFunctionData('withdraw'))
}

async function send(wallet: Wallet, to: Address, what: string, data: string): Promise<Done> {
  return done(await wallet.execute(what, { to, data: hex(data) }))
}

const done = (receipt: { hash: string; blockNumber: number; gasUsed: bigint }): Done => ({
  hash: receipt.hash as Digest,
  block: receipt.blockNumber,
  gasUsed: receipt.gasUsed,
})
const momentOf = ({ number, time }: { number: bigint; time: bigint }): Moment => ({ number, time })
const lower = (address: string): Address => address.toLowerCase() as Address
const hex = (data: string): Hex => data as Hex
