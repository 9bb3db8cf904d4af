import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { id } from 'ethers'
import { Connection } from '../../src/adapters/evm/connection.ts'
import { HTTP_LIMITS, HttpRpc } from '../../src/adapters/evm/http-rpc.ts'
import { nodePost } from '../../src/adapters/evm/node-post.ts'
import { fund } from '../../src/adapters/evm/operator.ts'
import { parseRpcUrl } from '../../src/adapters/evm/rpc-url.ts'
import { Wallet } from '../../src/adapters/evm/wallet.ts'
import { SqliteTxJournal } from '../../src/adapters/sqlite/tx-journal.ts'
import { RsdpError } from '../../src/types/errors.ts'
import type { Address, Hex } from '../../src/types/ids.ts'
import { badLink } from './bad-link.ts'
import type { Mishap } from './bad-link.ts'
import type { TestNetwork } from './chain.ts'
import { ETHER } from './chain.ts'

const HTTP = { ...HTTP_LIMITS, attempts: 2, limitedAttempts: 2, backoffMs: 1, timeoutMs: 2_000 }
/** Over the mended link a command is to end well, however busy the machine is. */
const PATIENT = { ...HTTP, timeoutMs: 120_000 }
const PAYMENTS = 3
/** Commands that a user gives for one payment at the most, each a process of its own. */
const COMMANDS_MAX = 4

/** How a command ends: by itself, killed before it can report, or killed at any time. Whole: it has all the time it needs. */
type End = 'whole' | 'reported' | 'unreported' | 'cut'

/** What became of a seed's payments. */
export interface OnceResult {
  /** Commands that said an error. */
  readonly failed: number
  /** Payments whose command has never succeeded over the bad link. */
  readonly open: number
  /** What the journal named as still possible when the link was mended. */
  readonly named: number
  readonly mishaps: ReadonlyMap<Mishap, number>
  /** What is wrong; empty if each payment was made exactly once. */
  readonly problems: readonly string[]
}

/**
 * One user who makes payments over a bad link, each by commands that are repeated until one succeeds; each command is a
 * process as far as the key is concerned: a wallet of its own over the same journal. Some commands are killed before they
 * can report. Then the link is mended, and the commands that never succeeded are given once more.
 */
export async function payOnce(net: TestNetwork, seed: number): Promise<OnceResult> {
  const random = mulberry32(seed)
  const dir = mkdtempSync(join(tmpdir(), 'rsdp-once-'))
  const privateKey = id(`payer ${seed} ${performance.now()}`) as Hex
  const link = await badLink(net.rpcUrl, random)
  const problems: string[] = []
  try {
    const payer = new Wallet(net.connection, privateKey)
    await fund(net.client, payer.address, ETHER)
    const payees = Array.from(
      { length: PAYMENTS },
      (_, n) => id(`payee ${seed} ${n} ${payer.address}`).slice(0, 42) as Address,
    )
    const told: string[] = []
    let lastError = ''
    const pay = async (url: string, to: Address, end: End): Promise<boolean> => {
      const connection = new Connection(
        net.deployment,
        new HttpRpc(parseRpcUrl(url), end === 'whole' ? PATIENT : HTTP, nodePost),
      )
      const journal = new SqliteTxJournal({
        dir,
        chainId: 31_337,
        deploymentId: null,
        account: payer.address,
      })
      const txTimeoutMs = end === 'whole' ? 300_000 : 300
      const notes: string[] = []
      const note = (line: string): unknown => notes.push(line)
      const wallet = new Wallet(connection, privateKey, { journal, txTimeoutMs, note })
      const cut = end === 'cut' ? setTimeout(() => connection.close(), random() * 150) : undefined
      let isWhole = false
      try {
        await fund(wallet, to, 1n)
        isWhole = true
        // a command that ends well has told its user what became of earlier ones
        if (end === 'whole' || end === 'reported')
          for (const line of notes) if (line.includes(' was mined in block ')) told.push(line)
        return end === 'whole' || end === 'reported'
      } catch (error) {
        if (!(error instanceof RsdpError)) throw error
        lastError = `${error.code}: ${error.message}`
        return false
      } finally {
        clearTimeout(cut)
        if (end === 'unreported' || end === 'cut') journal.unlock()
        else await wallet.release(isWhole)
        connection.close()
      }
    }
    const mining = async (isOn: boolean): Promise<void> => {
      await net.connection.provider.send('evm_setAutomine', [isOn])
      if (isOn) await net.mine(1)
    }
    let failed = 0
    const open: Address[] = []
    for (const to of payees) {
      let isDone = false
      for (let n = 0; n < COMMANDS_MAX && !isDone; n += 1) {
        const isPaused = random() < 0.3
        if (isPaused) await mining(false)
        isDone = await pay(
          link.url,
          to,
          (['reported', 'reported', 'unreported', 'cut'] as const)[Math.floor(random() * 4)]!,
        )
        if (isPaused) await mining(true)
        if (!isDone) failed += 1
      }
      if (!isDone) open.push(to)
    }
    const paid = async (): Promise<bigint[]> =>
      Promise.all(payees.map((to) => net.connection.provider.getBalance(to)))
    for (const [n, wei] of (await paid()).entries())
      if (wei > 1n) problems.push(`seed ${seed}: payment ${n} was made ${wei} times over the bad link`)
    link.heal()
    const journal = new SqliteTxJournal({ dir, chainId: 31_337, deploymentId: null, account: payer.address })
    await journal.lock(1_000)
    const named = journal.intents().filter(({ isReported }) => !isReported).length
    journal.unlock()
    for (const to of open)
      if (!told.some((line) => line.includes(to)) && !(await pay(link.url, to, 'whole')))
        problems.push(`seed ${seed}: the mended link does not settle ${to}: ${lastError}`)
    for (const [n, wei] of (await paid()).entries())
      if (wei !== 1n) problems.push(`seed ${seed}: payment ${n} was made ${wei} times in the end`)
    return { failed, open: open.length, named, mishaps: link.mishaps, problems }
  } finally {
    await link.close()
    rmSync(dir, { recursive: true, force: true })
  }
}

/** A small seeded generator of numbers in [0, 1). */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
