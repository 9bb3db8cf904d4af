import type { TransactionReceipt } from 'ethers'
import { formatEther, isError } from 'ethers'
import { keccak, utf8Hex } from '../../codec/hex.ts'
import type { PreparedCall } from '../../ports/chain.ts'
import type { Intent, TxJournal } from '../../ports/tx-journal.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { Address, Digest, Hex } from '../../types/ids.ts'
import { Account } from './account.ts'
import type { Connection } from './connection.ts'
import { currentFees, FEE_CAP_WEI } from './fees.ts'
import { MemoryTxJournal } from './memory-tx-journal.ts'
import type { Revert } from './revert.ts'
import { decodeRevert } from './revert.ts'
import { troubleIn } from './trouble.ts'
import type { FollowLimits } from './tx-follower.ts'
import { shown, TxFollower } from './tx-follower.ts'

/** Largest gas limit of a transaction (EIP-7825). */
const TX_GAS_MAX = 16_777_216n
/** Of a call whose nonce others take. */
const ATTEMPTS = 3

export interface WalletOptions extends FollowLimits {
  /** What was sent and may still be mined; without a file of its own, as long as the wallet lives. */
  readonly journal: TxJournal
  /** Remarks for people about earlier transactions. */
  readonly note: (line: string) => void
}

/** A call, or code that becomes a contract. */
export type Sending = PreparedCall | { readonly to: null; readonly data: Hex }

export type Submitted =
  | { readonly kind: 'mined'; readonly receipt: TransactionReceipt }
  | { readonly kind: 'reverted'; readonly revert: Revert }

export interface Purpose {
  /** For people, and to tell calls apart that are alike. */
  readonly purpose: string
  /** See `Intent.isRepeatable`. */
  readonly isRepeatable: boolean
}

/**
 * A key that sends transactions, one after the other: each is tried before it is sent, written down before it is handed
 * in, and waited for before the next is made. What an earlier process has left behind is settled first; a call that it
 * has sent is not sent again.
 */
export class Wallet {
  readonly connection: Connection
  readonly address: Address
  readonly journal: TxJournal
  readonly #account: Account
  readonly #options: WalletOptions
  readonly #follower: TxFollower
  /** Nonces whose end a note has said. */
  readonly #told = new Set<number>()
  /** Nonces whose end `submit` has returned. */
  readonly #returned = new Set<number>()
  #queue: Promise<unknown> = Promise.resolve()

  constructor(connection: Connection, privateKey: Hex, options: Partial<WalletOptions> = {}) {
    this.connection = connection
    this.#account = new Account(connection, privateKey)
    this.address = this.#account.address
    this.#options = {
      txTimeoutMs: 120_000,
      feeCapWei: FEE_CAP_WEI,
      note: () => undefined,
      ...options,
      journal: options.journal ?? new MemoryTxJournal(),
    }
    this.journal = this.#options.journal
    const { journal, note } = this.#options
    this.#follower = new TxFollower({ account: this.#account, journal, limits: this.#options, note })
  }

  /** Wei that this key has for gas. */
  balance(): Promise<bigint> {
    return this.#account.balance()
  }

  /**
   * Waits for what earlier processes have sent from this key, and lets other processes in again.
   *
   * @throws RsdpError E_KEY_BUSY, E_JOURNAL, E_TX_TIMEOUT, E_RPC_…
   */
  async settle(): Promise<void> {
    const { journal, txTimeoutMs } = this.#options
    await journal.lock(txTimeoutMs)
    try {
      for (const nonce of await this.#follower.settle()) this.#told.add(nonce)
    } finally {
      journal.unlock()
    }
  }

  /** What of this key may still be mined, for people. Waits for nothing but the lock. @throws RsdpError E_KEY_BUSY, E_JOURNAL */
  async pending(): Promise<readonly Intent[]> {
    const { journal, txTimeoutMs } = this.#options
    await journal.lock(txTimeoutMs)
    try {
      return journal.intents().filter(({ minedBlock }) => minedBlock === null)
    } finally {
      journal.unlock()
    }
  }

  /**
   * Sends a call and waits until it is mined. A call that would revert is not sent. Other processes cannot send from this
   * key until `release`.
   *
   * @throws RsdpError E_FUNDS_GAS, E_FEE_CAP, E_RPC_…, E_TX_TIMEOUT, E_KEY_BUSY, E_JOURNAL. After E_RPC_… and
   * E_TX_TIMEOUT the transaction may still be mined; the same call waits for it then.
   */
  submit(
    call: Sending,
    valueWei = 0n,
    purpose: Purpose = { purpose: 'call', isRepeatable: false },
  ): Promise<Submitted> {
    const turn = this.#queue.then(() => this.#submit(call, valueWei, purpose))
    this.#queue = turn.catch(() => undefined)
    return turn
  }

  /**
   * `submit` for those who do not expect a refusal.
   *
   * @throws RsdpError also E_REVERT, E_FUNDS_STAKE, E_ALLOWANCE
   */
  async execute(what: string, call: Sending, valueWei = 0n): Promise<TransactionReceipt> {
    const submitted = await this.submit(call, valueWei, { purpose: what, isRepeatable: false })
    if (submitted.kind === 'mined') return submitted.receipt
    throw refused(what, submitted.revert)
  }

  /**
   * The receipt of a call for this purpose that an earlier process has sent and not reported, whatever its arguments: of
   * a call whose arguments depend on when it is made. Null if there is none.
   *
   * @throws RsdpError as `settle`
   */
  async earlier(purpose: string): Promise<TransactionReceipt | null> {
    const { journal, txTimeoutMs } = this.#options
    await journal.lock(txTimeoutMs)
    for (const nonce of await this.#follower.settle()) this.#told.add(nonce)
    const ended = await this.#resume((intent) => intent.purpose === purpose)
    return ended?.kind === 'mined' ? ended.receipt : null
  }

  /**
   * What `submit` has returned was reported to whoever wanted it: the same call is a new one from here on. Lets other
   * processes send from this key.
   *
   * @param isWhole all went well, so what notes have said of earlier transactions counts as reported, too. Else the command
   * is given again, and has to find them.
   */
  async release(isWhole: boolean): Promise<void> {
    const { journal, txTimeoutMs, note } = this.#options
    const known = new Set([...this.#returned, ...(isWhole ? this.#told : [])])
    try {
      if (known.size > 0) await journal.lock(txTimeoutMs)
      for (const intent of known.size === 0 ? [] : journal.intents())
        if (known.has(intent.nonce) && intent.minedBlock !== null && !intent.isReported)
          journal.put({ ...intent, isReported: true })
    } catch (error) {
      // the next process takes what was reported for something that was not: nothing is sent twice by that
      note(`warning: ${(error as Error).message}`)
    } finally {
      this.#told.clear()
      this.#returned.clear()
      journal.unlock()
    }
  }

  async #submit(call: Sending, valueWei: bigint, purpose: Purpose): Promise<Submitted> {
    const { journal, txTimeoutMs } = this.#options
    await journal.lock(txTimeoutMs)
    for (const nonce of await this.#follower.settle()) this.#told.add(nonce)
    const id = intentId(this.connection.domain.chainId, this.address, call, valueWei, purpose.purpose)
    const resumed = await this.#resume((intent) => intent.id === id)
    if (resumed !== null) return resumed
    for (let attempt = 1; ; attempt += 1) {
      const submitted = await this.#attempt(id, call, valueWei, purpose)
      if (submitted !== null) return submitted
      if (attempt === ATTEMPTS) throw this.#noncesTaken()
    }
  }

  /** The end of a call of an earlier process that did not get to say it; null if there is none. */
  async #resume(isMeant: (intent: Intent) => boolean): Promise<Submitted | null> {
    const { journal, note } = this.#options
    const earlier = journal
      .intents()
      .find((intent) => isMeant(intent) && !intent.isReported && !this.#returned.has(intent.nonce))
    if (earlier === undefined) return null
    note(`${shown(earlier)} is what this command asks for: it is not sent again`)
    const receipt = await this.#follower.follow(earlier, true)
    return receipt === null ? null : this.#ended(earlier, receipt)
  }

  /** Null if another program's transaction took the nonce: this one can never be mined. */
  async #attempt(id: Digest, call: Sending, valueWei: bigint, purpose: Purpose): Promise<Submitted | null> {
    const { provider } = this.connection
    const { feeCapWei } = this.#options
    const gas = await this.#estimate(call, valueWei)
    if (typeof gas !== 'bigint') return { kind: 'reverted', revert: gas }
    const gasLimit = gas > TX_GAS_MAX ? gas : min((gas * 5n) / 4n, TX_GAS_MAX)
    const fees = await this.connection.read(currentFees(provider, feeCapWei))
    const needs = gasLimit * fees.perGas + valueWei
    const has = await this.balance()
    if (has < needs) throw noFunds(this.address, has, needs)
    const atBlock = await this.#account.head()
    const plan = {
      ...{ id, ...purpose, to: call.to, data: call.data, valueWei, gasLimit },
      nonce: await this.#nextNonce(),
      since: new Date().toISOString(),
      minedBlock: null,
      isReported: false,
    }
    const intent: Intent = { ...plan, forms: [this.#follower.sign(plan, fees, atBlock)] }
    const receipt = await this.#sent(intent)
    return receipt === null ? null : this.#ended(intent, receipt)
  }

  async #sent(intent: Intent): Promise<TransactionReceipt | null> {
    try {
      return await this.#follower.send(intent)
    } catch (error) {
      if (troubleIn(error) !== 'funds') throw error
      throw noFunds(this.address, await this.balance(), null, error)
    }
  }

  async #ended(intent: Intent, receipt: TransactionReceipt): Promise<Submitted> {
    this.#returned.add(intent.nonce)
    // without a file no later process can ask for the same
    if (this.journal.path === null) this.journal.remove(intent.nonce)
    if (receipt.status === 1) return { kind: 'mined', receipt }
    return { kind: 'reverted', revert: await this.#whyReverted(intent, receipt) }
  }

  /** Behind all that this key has sent as far as journal and endpoint know. */
  async #nextNonce(): Promise<number> {
    const { journal, note } = this.#options
    const own = Math.max(-1, ...journal.intents().map(({ nonce }) => nonce)) + 1
    const mined = Math.max(own, await this.#account.count('latest'))
    const pending = await this.#account.countPending()
    if (pending <= mined) return mined
    note(
      `${pending - mined} transactions of ${this.address} are pending that are not in the journal: this one waits for them`,
    )
    return pending
  }

  /** Gas that the call takes in the next block, or why the contract refuses it. */
  async #estimate({ to, data }: Sending, valueWei: bigint): Promise<bigint | Revert> {
    const { provider } = this.connection
    const request = {
      from: this.address,
      ...(to === null ? {} : { to }),
      data,
      value: `0x${valueWei.toString(16)}`,
    }
    try {
      return await this.#account.withPending(async (tag) => {
        const params = tag === null ? [request] : [request, tag]
        return BigInt((await provider.send('eth_estimateGas', params)) as string)
      })
    } catch (error) {
      const revert = revertOf(error instanceof RsdpError ? error.cause : error)
      if (revert !== null) return revert
      if (troubleIn(error) !== 'funds') throw error
      throw noFunds(this.address, await this.balance(), valueWei, error)
    }
  }

  async #whyReverted({ to, data, valueWei, gasLimit }: Intent, receipt: TransactionReceipt): Promise<Revert> {
    try {
      // as of the block before: transactions ahead of it in its own block are not seen
      const blockTag = receipt.blockNumber - 1
      await this.connection.provider.call({ from: this.address, to, data, value: valueWei, blockTag })
    } catch (error) {
      const revert = revertOf(error)
      if (revert !== null) return revert
    }
    return receipt.gasUsed >= gasLimit ? { name: 'OutOfGas', text: 'OutOfGas' } : decodeRevert(null)
  }

  #noncesTaken(): RsdpError {
    return new RsdpError({
      code: 'E_NONCE',
      message: `other programs' transactions of ${this.address} took the nonce ${ATTEMPTS} times`,
      hint: 'let one program at a time use this key',
      exit: EXIT.precondition,
      details: { address: this.address },
    })
  }
}

const min = (a: bigint, b: bigint): bigint => (a < b ? a : b)

/** The same call for the same purpose, whoever asks for it and when. */
function intentId(
  chainId: bigint,
  from: Address,
  { to, data }: Sending,
  valueWei: bigint,
  purpose: string,
): Digest {
  return keccak(utf8Hex(JSON.stringify([String(chainId), from, to, data, String(valueWei), purpose])))
}

/** Why a call reverted; null if the error is another. */
export function revertOf(error: unknown): Revert | null {
  return isError(error, 'CALL_EXCEPTION') ? decodeRevert(error.data) : null
}

function noFunds(address: Address, has: bigint, needs: bigint | null, cause?: unknown): RsdpError {
  const wanted = needs === null ? 'more' : `${formatEther(needs)} ETH`
  return new RsdpError({
    code: 'E_FUNDS_GAS',
    message: `${address} has ${formatEther(has)} ETH, needs ${wanted} for this call`,
    hint: `send it some: rsdp fund ${address} 1`,
    exit: EXIT.precondition,
    details: { address, hasWei: has, needsWei: needs },
    cause,
  })
}

const TOKEN_ERRORS: Readonly<Partial<Record<string, readonly [code: `E_${string}`, hint: string]>>> = {
  ERC20InsufficientBalance: ['E_FUNDS_STAKE', 'get more of the stake token'],
  ERC20InsufficientAllowance: ['E_ALLOWANCE', 'approve the amount first'],
}

function refused(what: string, { name, text }: Revert): RsdpError {
  const [code, hint] = TOKEN_ERRORS[name] ?? ['E_REVERT' as const, 'nothing was changed']
  return new RsdpError({
    code,
    message: `${what} was refused: ${text}`,
    hint,
    exit: EXIT.precondition,
    details: { call: what, error: name },
  })
}
