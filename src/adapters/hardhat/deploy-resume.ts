import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { HardhatEthersProvider } from '@nomicfoundation/hardhat-ethers/types'
import { z } from 'zod'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { Address, Digest } from '../../types/ids.ts'

const FILE = 'plan.json'
const POLL_MS = 200
const WAIT_MS = 120_000

const hex = (digits: number) =>
  z.custom<`0x${string}`>(
    (value) => typeof value === 'string' && new RegExp(`^0x[0-9a-f]{${digits}}$`).test(value),
  )
const schema = z.strictObject({
  /** What was asked for, as text: another wish is another deployment. */
  wish: z.string(),
  /** Tells the chain from one that was started again under the same id. */
  genesis: hex(64),
  nonce: hex(64),
  /** Head before the first transaction. */
  before: z.int().nonnegative(),
  /** Predicted from the deployer's nonce before the first contract; null: not yet. */
  board: hex(40).nullable(),
})
/** What a deployment that is given again needs of its first run. */
export type DeployPlan = z.infer<typeof schema>

/**
 * The plan of an interrupted deployment; null if there is none, or it was for a chain that is gone.
 *
 * @throws RsdpError E_DEPLOY_JOURNAL for a plan of another wish
 */
export function readPlan(dir: string, wish: string, genesis: Digest): DeployPlan | null {
  const path = join(dir, FILE)
  if (!existsSync(path)) return null
  const { data: plan } = schema.safeParse(parse(path))
  if (plan === undefined) throw journalError(dir, 'cannot be read')
  if (plan.genesis !== genesis) return null
  if (plan.wish !== wish) throw journalError(dir, 'is of other settings')
  return plan
}

/** On the disk when it returns. */
export function writePlan(dir: string, plan: DeployPlan): void {
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const path = join(dir, FILE)
  writeFileSync(`${path}.new`, JSON.stringify(plan), { flush: true })
  renameSync(`${path}.new`, path)
}

/**
 * Brings Ignition's journal up to what an earlier process has sent. Ignition writes down that it is going to send, then sends,
 * then writes down the hash: a process that ended in between has sent what its journal does not have, and would send it again.
 *
 * @throws RsdpError E_TX_TIMEOUT if what was sent is not mined in time
 */
export async function catchUp(
  provider: HardhatEthersProvider,
  deployer: Address,
  journal: string,
  before: number,
): Promise<void> {
  if (!existsSync(journal)) return
  await untilMined(provider, deployer)
  const open = openSend(readFileSync(journal, 'utf8'))
  if (open === null) return
  const head = await provider.getBlockNumber()
  for (let number = before + 1; number <= head; number += 1) {
    const block = await provider.getBlock(number, true)
    for (const transaction of block?.prefetchedTransactions ?? []) {
      const { from, nonce, hash, maxFeePerGas, maxPriorityFeePerGas, gasPrice } = transaction
      if (from.toLowerCase() !== deployer || nonce !== open.nonce) continue
      const fees =
        maxFeePerGas === null || maxPriorityFeePerGas === null
          ? { gasPrice: wei(gasPrice) }
          : { maxFeePerGas: wei(maxFeePerGas), maxPriorityFeePerGas: wei(maxPriorityFeePerGas) }
      const line = { ...open, transaction: { fees, hash }, type: 'TRANSACTION_SEND' }
      appendFileSync(journal, `\n${JSON.stringify(line)}`, { flush: true })
      return
    }
  }
}

/** Ignition's form of a bigint. */
const wei = (value: bigint) => ({ _kind: 'bigint', value: String(value) })

interface OpenSend {
  readonly futureId: string
  readonly networkInteractionId: number
  readonly nonce: number
}

/** The last send that the journal announces without its hash. */
function openSend(text: string): OpenSend | null {
  let open: OpenSend | null = null
  for (const line of text.split('\n')) {
    const { type, futureId, networkInteractionId, nonce } = lineOf(line)
    if (type === 'TRANSACTION_PREPARE_SEND')
      open = {
        futureId: String(futureId),
        networkInteractionId: Number(networkInteractionId),
        nonce: Number(nonce),
      }
    if (type === 'TRANSACTION_SEND') open = null
  }
  return open
}

function lineOf(line: string): Readonly<Record<string, unknown>> {
  try {
    return line.trim() === '' ? {} : (JSON.parse(line) as Readonly<Record<string, unknown>>)
  } catch {
    return {} // the last line, half-written
  }
}

async function untilMined(provider: HardhatEthersProvider, deployer: Address): Promise<void> {
  const deadline = performance.now() + WAIT_MS
  while (
    (await provider.getTransactionCount(deployer, 'pending')) >
    (await provider.getTransactionCount(deployer, 'latest'))
  ) {
    if (performance.now() > deadline)
      throw new RsdpError({
        code: 'E_TX_TIMEOUT',
        message: `transactions of ${deployer} were not mined within ${WAIT_MS / 1_000} s`,
        hint: 'run the same command again: it goes on where it was',
        exit: EXIT.timeout,
        details: { address: deployer },
      })
    await sleep(POLL_MS)
  }
}

function parse(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return null
  }
}

function journalError(dir: string, why: string): RsdpError {
  return new RsdpError({
    code: 'E_DEPLOY_JOURNAL',
    message: `the journal of an interrupted deployment in ${dir} ${why}`,
    hint: 'give the command as it was, or delete that folder: what it has deployed is then of no use',
    exit: EXIT.precondition,
    details: { dir },
  })
}
