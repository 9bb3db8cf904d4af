import { randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Connection } from '../../adapters/evm/connection.ts'
import { Wallet } from '../../adapters/evm/wallet.ts'
import { devAccounts } from '../../adapters/hardhat/dev-accounts.ts'
import { systemClock } from '../../adapters/system/clock.ts'
import { invariant } from '../../types/errors.ts'
import type { Counted } from '../../demo/compare-report.ts'
import { ProviderClient } from '../../demo/provider-client.ts'
import type { ProviderProcess } from './provider-process.ts'
import { startProviderProcess } from './provider-process.ts'
import { WINDOWS_AFTER } from '../../demo/provider-source.ts'
import { RequestQueue } from '../../demo/request-queue.ts'
import { Sender } from '../../demo/sender.ts'
import { loadTrace } from '../../demo/trace.ts'
import { requestsOfMember } from '../../demo/traffic.ts'

const STATIC_SESSION = 'static'

/** What both providers counted. */
export interface Comparison {
  readonly agreed: Counted
  readonly even: Counted
}

/** Who waits, for what. */
export type Wait = (what: string, condition: () => boolean) => Promise<void>

/**
 * Two providers, a process each, with the same budget: one for nodes that share it by agreement, one for as many members
 * with an even split that never changes. The same requests arrive at both.
 */
export class TwoProviders {
  /** Where the cluster's nodes send to. */
  readonly url: string
  readonly #processes: readonly ProviderProcess[]
  readonly #agreed: ProviderClient
  readonly #even: ProviderClient
  readonly #token: string

  private constructor(agreed: ProviderProcess, even: ProviderProcess, token: string) {
    this.url = agreed.url
    this.#processes = [agreed, even]
    this.#agreed = new ProviderClient(agreed.url)
    this.#even = new ProviderClient(even.url)
    this.#token = token
  }

  /**
   * @param budget tokens a window
   * @param dataDir folder for the token that changes the budget
   * @throws RsdpError E_PROVIDER_DIED
   */
  static async start(budget: number, windowMs: number, dataDir: string): Promise<TwoProviders> {
    const token = randomBytes(16).toString('hex')
    await mkdir(dataDir, { recursive: true })
    const tokenFile = join(dataDir, 'provider-token')
    await writeFile(tokenFile, token, { mode: 0o600 })
    const agreed = await startProviderProcess(budget, windowMs, tokenFile)
    try {
      return new TwoProviders(agreed, await startProviderProcess(budget, windowMs, tokenFile), token)
    } catch (error) {
      await agreed.stop()
      throw error
    }
  }

  /** B/n a window for every member, whatever the others do. Nobody tells them of a new budget but the 429. */
  startEvenSplit(nodes: number, heights: number, budget: number): void {
    const share = BigInt(Math.floor(budget / nodes))
    const rows = loadTrace()
    for (let member = 0; member < nodes; member += 1) {
      new Sender({
        provider: this.#even,
        session: STATIC_SESSION,
        queue: new RequestQueue(requestsOfMember(rows, heights, member, nodes)),
        allowance: () => share,
        windows: heights + WINDOWS_AFTER,
        clock: systemClock,
      }).start()
    }
  }

  /** Both take less from their next window on. */
  async lower(budget: number): Promise<void> {
    await Promise.all([this.#agreed, this.#even].map((provider) => provider.setBudget(budget, this.#token)))
  }

  /** Waits for the last windows that a share can be spent in, then reads the counters. */
  async count(session: string, heights: number, wait: Wait): Promise<Comparison> {
    const windows = heights + WINDOWS_AFTER
    return {
      agreed: await count(this.#agreed, session, windows, wait),
      even: await count(this.#even, STATIC_SESSION, windows, wait),
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.#processes.map((provider) => provider.stop()))
  }
}

/** The account of the provider on a local chain of `nodes` nodes: who it is, the task says (`reporters`). */
export function providerWallet(connection: Connection, nodes: number): Wallet {
  // the accounts before it are the client and the operators
  const account = devAccounts(nodes + 2).at(-1)
  invariant(account !== undefined, 'a local chain has more test accounts than nodes')
  return new Wallet(connection, account.privateKey)
}

async function count(provider: ProviderClient, name: string, windows: number, wait: Wait): Promise<Counted> {
  const { firstWindow, windowMs, window, elapsedMs } = await provider.session(name, 1)
  const leftMs = (firstWindow + windows - window) * windowMs - elapsedMs
  const endMs = performance.now() + leftMs
  await wait(`window ${String(windows)} of ${name}`, () => performance.now() > endMs)
  const usage = await provider.usage(firstWindow)
  return { windows: usage.slice(0, windows), log: await provider.log(), firstWindow, windowMs }
}
