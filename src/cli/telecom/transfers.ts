import type { RsdpClient } from '../../api/client.ts'
import type { StoreClient } from '../../api/store-client.ts'
import { fromHex, utf8Hex } from '../../codec/hex.ts'
import type { Hex } from '../../types/ids.ts'
import { transactOnce } from '../services/transact.ts'
import { ACCOUNTS, STRONG } from './document.ts'
import { Loop, Requests } from './requests.ts'

const PAUSE_MS = 300
/** Of one transaction. */
const TTL_MS = 10_000
/** What is in the first account before the first transfer. */
const TOTAL = 1_000_000
const GIVER = { service: STRONG, key: 'account/giver' } as const
const TAKER = { service: ACCOUNTS, key: 'account/taker' } as const

interface Account {
  readonly amount: number
  readonly version: number
}

/**
 * Moves a unit from an account in one strong store to an account in another, again and again, by transactions over both
 * (`2pc`). Each says what version the accounts must have, so that one that is lost, halved or applied twice shows in the sum.
 */
export class Transfers {
  readonly at: string
  committed = 0
  /** Begun, and not done: nothing was moved. */
  aborted = 0
  readonly #client: RsdpClient
  readonly #task: bigint
  readonly #giver: Requests
  readonly #taker: Requests
  readonly #loop: Loop
  #isOpen = false

  constructor(at: string, client: RsdpClient, task: bigint, store: (service: number) => StoreClient) {
    this.at = at
    this.#client = client
    this.#task = task
    this.#giver = new Requests(store(GIVER.service))
    this.#taker = new Requests(store(TAKER.service))
    this.#loop = new Loop(PAUSE_MS, () => this.#turn())
  }

  /** @throws what the client failed of */
  check(): void {
    this.#loop.check()
  }

  /** After the transaction that is under way. */
  async stop(): Promise<void> {
    await this.#loop.stop()
    this.#loop.check()
  }

  /** Units that are too many or too few in either account, as another client reads them. */
  async wrong(store: (service: number) => StoreClient, isOver: () => boolean): Promise<number> {
    const [giver, taker] = await Promise.all(
      [GIVER, TAKER].map(({ service, key }) => read(new Requests(store(service)), key, isOver)),
    )
    const amounts = [giver, taker].map((account) => account?.amount ?? 0)
    const expected = [TOTAL - this.committed, this.committed]
    return amounts.reduce((sum, amount, i) => sum + Math.abs(amount - (expected[i] ?? 0)), 0)
  }

  async #turn(): Promise<void> {
    const { isStopped } = this.#loop
    if (!this.#isOpen) {
      this.#isOpen = await this.#write({ amount: TOTAL, version: 0 }, { amount: 0, version: 0 })
      return
    }
    const giver = await read(this.#giver, GIVER.key, isStopped)
    const taker = await read(this.#taker, TAKER.key, isStopped)
    if (giver === null || taker === null) return
    const isDone = await this.#write(
      { ...giver, amount: giver.amount - 1 },
      { ...taker, amount: taker.amount + 1 },
    )
    if (isDone) this.committed += 1
    else this.aborted += 1
  }

  /** One transaction. It is asked about until it is decided: whoever is cut off does not know. */
  async #write(giver: Account, taker: Account): Promise<boolean> {
    const put = (key: string, { amount, version }: Account) => {
      return { kind: 'put' as const, key, value: utf8Hex(String(amount)), version }
    }
    const stores = [
      { service: GIVER.service, writes: [put(GIVER.key, giver)] },
      { service: TAKER.service, writes: [put(TAKER.key, taker)] },
    ].sort((a, b) => a.service - b.service)
    const body = { protocol: '2pc' as const, ttlMs: TTL_MS, stores }
    return typeof (await transactOnce(this.#client, this.#task, body, () => false)) === 'string'
  }
}

/** What an account has; null: given up. */
async function read(requests: Requests, key: string, isOver: () => boolean): Promise<Account | null> {
  const found = await requests.ask((store) => store.get(key), isOver)
  if (found === null) return null
  const { values, version } = found.answer
  const [value = '0x'] = values
  return { amount: Number(new TextDecoder().decode(fromHex(value as Hex))), version }
}
