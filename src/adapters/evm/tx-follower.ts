import { setTimeout as sleep } from 'node:timers/promises'
import type { TransactionReceipt } from 'ethers'
import { formatEther, Transaction } from 'ethers'
import type { Intent, SignedForm, TxJournal } from '../../ports/tx-journal.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { Digest, Hex } from '../../types/ids.ts'
import type { Account, Spender } from './account.ts'
import type { Fees } from './fees.ts'
import { currentFees, offerOf, raiseFees } from './fees.ts'
import type { Trouble } from './trouble.ts'
import { troubleIn, wordsOf } from './trouble.ts'

const POLL_MS = { first: 50, factor: 1.5, max: 2_000 }
/** Polls between two attempts to hand in a transaction that is not mined: nodes forget transactions. */
const POLLS_PER_REPEAT = 8
/** A transaction that so many blocks have passed over is replaced by one that pays more. */
const BLOCKS_PASSED_OVER = 6
/** The endpoint has the transaction; or it mines at once, and says what became of it before one can ask. */
const HANDED_IN: ReadonlySet<Trouble> = new Set(['known', 'revert', 'nonce'])
/** The endpoint did not take the transaction into its pool. */
const NOT_TAKEN: ReadonlySet<Trouble> = new Set([
  'underpriced',
  'fee-cap',
  'funds',
  'gas',
  'params',
  'method',
  'refused',
])

export interface FollowLimits {
  /** How long a transaction is waited for. */
  readonly txTimeoutMs: number
  /** Most that a unit of gas may cost, wei. */
  readonly feeCapWei: bigint
}

export interface FollowerInit {
  readonly account: Account
  readonly journal: TxJournal
  readonly limits: FollowLimits
  /** A remark for people. */
  readonly note: (line: string) => void
}

/**
 * Brings what the journal holds to an end. A nonce belongs to one intent, whose forms differ in fees alone: so of all
 * that was ever handed in for it, at most one is mined. That an endpoint does not know a transaction proves nothing: own
 * hashes are asked for until one is known, or until another transaction with the nonce is found `reorgDepth` deep.
 */
export class TxFollower {
  readonly #init: FollowerInit
  readonly #reorgDepth: number
  /** What the endpoint last said against a transaction. */
  #said = ''

  constructor(init: FollowerInit) {
    this.#init = init
    this.#reorgDepth = init.account.connection.deployment.windows.reorgDepth
  }

  /**
   * Waits for everything that is not mined, and forgets what is reported and too deep to be taken back.
   *
   * @returns nonces of what was waited for
   * @throws RsdpError E_TX_TIMEOUT, E_RPC_… and E_JOURNAL
   */
  async settle(): Promise<readonly number[]> {
    const { account, journal } = this.#init
    const intents = journal.intents()
    if (intents.length === 0) return []
    const [head, spent] = [await account.head(), await account.count('latest')]
    const waited: number[] = []
    for (const intent of intents) {
      const isMined = intent.minedBlock !== null && intent.nonce < spent
      if (isMined && !(await this.#isInDoubt(intent, head))) continue
      waited.push(intent.nonce)
      await this.#waitFor({ ...intent, minedBlock: null })
    }
    return waited
  }

  /** Whether the endpoint does not show a mined intent any more. Forgets one that cannot be taken back. */
  async #isInDoubt({ nonce, forms, minedBlock, isReported }: Intent, head: number): Promise<boolean> {
    const { account, journal } = this.#init
    if (minedBlock === null || minedBlock + this.#reorgDepth > head || !isReported) return false
    // the last one stays: an endpoint that is behind would have the next take a nonce that is used
    if (journal.intents().at(-1)?.nonce === nonce) return false
    const receipt = await account.receiptOf(hashesOf(forms))
    if (receipt === null || receipt.blockNumber + this.#reorgDepth > head) return true
    journal.remove(nonce)
    return false
  }

  async #waitFor(intent: Intent): Promise<void> {
    const { note } = this.#init
    note(`${shown(intent)} is not mined yet: it is waited for, or replaced under the same nonce`)
    const receipt = await this.follow(intent, true)
    if (receipt === null) note(`${shown(intent)} was not made: another program used its nonce`)
    else note(`${shown(intent)} was mined in block ${receipt.blockNumber}: ${receipt.hash}`)
  }

  /** A form of an intent, signed. */
  sign(
    { to, data, valueWei, gasLimit, nonce }: Omit<Intent, 'forms'>,
    fees: Fees,
    atBlock: number,
  ): SignedForm {
    const { connection, key } = this.#init.account
    const { chainId } = connection.domain
    const transaction = Transaction.from({
      ...fees.fields,
      to,
      data,
      chainId,
      value: valueWei,
      gasLimit,
      nonce,
    })
    transaction.signature = key.sign(transaction.unsignedHash)
    const { perGasWei, tipWei } = offerOf(fees)
    const raw = transaction.serialized as Hex
    return { hash: transaction.hash as Digest, raw, perGasWei, tipWei, atBlock }
  }

  /**
   * Writes a new intent down, hands it in and follows it.
   *
   * @throws RsdpError also of the endpoint that does not take it; it is forgotten then
   */
  async send(intent: Intent): Promise<TransactionReceipt | null> {
    const { account, journal } = this.#init
    journal.put(intent)
    const [form] = intent.forms as readonly [SignedForm]
    const refusal = await this.#handIn(form)
    if (refusal !== null && NOT_TAKEN.has(troubleIn(refusal) ?? 'known')) {
      const isElsewhere = (await account.knows(form.hash)) || (await account.count('latest')) > intent.nonce
      if (!isElsewhere) {
        journal.remove(intent.nonce)
        throw refusal
      }
    }
    return this.follow(intent, false)
  }

  /**
   * Waits until an intent is mined. Whatever else happens, it stays in the journal.
   *
   * @param isResumed it was handed in by an earlier call
   * @returns null, and the intent is forgotten, if another transaction has its nonce for good
   * @throws RsdpError E_TX_TIMEOUT, E_RPC_… and E_JOURNAL
   */
  async follow(start: Intent, isResumed: boolean): Promise<TransactionReceipt | null> {
    const { account, journal, limits } = this.#init
    const deadline = performance.now() + limits.txTimeoutMs
    let intent = start
    let pauseMs = POLL_MS.first
    let spender: Spender | null = null
    for (let polls = isResumed ? 0 : 1; ; polls += 1) {
      const receipt = await account.receiptOf(hashesOf(intent.forms))
      if (receipt !== null) {
        journal.put({ ...intent, minedBlock: receipt.blockNumber })
        return receipt
      }
      const isDue = polls % POLLS_PER_REPEAT === 0
      if ((await account.count('latest')) <= intent.nonce) {
        spender = null
        if (isDue) intent = await this.#repeat(intent)
      } else if (spender === null || isDue) {
        const head = await account.head()
        spender = await this.#spenderOf(intent, head)
        if (spender !== null && this.#isLost(intent, spender, head)) {
          journal.remove(intent.nonce)
          return null
        }
      }
      if (performance.now() >= deadline) throw this.#timedOut(intent, spender)
      await sleep(pauseMs)
      pauseMs = Math.min(pauseMs * POLL_MS.factor, POLL_MS.max)
    }
  }

  #spenderOf({ nonce, forms: [first] }: Intent, head: number): Promise<Spender | null> {
    // after a re-org a form may be in a block that is older than its signature
    return this.#init.account.spenderOf(nonce, (first?.atBlock ?? 0) - this.#reorgDepth, head)
  }

  /** Whether no form of an intent can be mined any more, as another program's transaction has the nonce. */
  #isLost({ forms, isRepeatable }: Intent, { hash, block }: Spender, head: number): boolean {
    if (hash !== null && hashesOf(forms).includes(hash)) return false
    return isRepeatable || block + this.#reorgDepth <= head
  }

  /** Hands an intent in again, with higher fees if those of its last form are too low or were passed over. */
  async #repeat(intent: Intent): Promise<Intent> {
    const { account, journal, limits } = this.#init
    const last = intent.forms.at(-1)
    if (last === undefined) return intent
    const head = await account.head()
    const fees = await this.#feesNow()
    const isPassedOver = head >= last.atBlock + BLOCKS_PASSED_OVER
    const raised =
      fees !== null && (isPassedOver || leastNow(fees) > last.perGasWei)
        ? raiseFees(fees, last, limits.feeCapWei)
        : null
    if (raised === null) {
      await this.#handIn(last)
      return intent
    }
    const form = this.sign(intent, raised, head)
    const replaced = { ...intent, forms: [...intent.forms, form] }
    journal.put(replaced)
    await this.#handIn(form)
    return replaced
  }

  /** Null if the chain asks for more than may be paid. */
  async #feesNow(): Promise<Fees | null> {
    const { account, limits } = this.#init
    try {
      return await account.connection.read(currentFees(account.connection.provider, limits.feeCapWei))
    } catch (error) {
      if (error instanceof RsdpError && error.code === 'E_FEE_CAP') return null
      throw error
    }
  }

  /** Null if the endpoint has a transaction now, or may have it; else what it says against it. */
  async #handIn({ raw }: SignedForm): Promise<RsdpError | null> {
    const { connection } = this.#init.account
    try {
      await connection.provider.send('eth_sendRawTransaction', [raw])
      this.#said = ''
      return null
    } catch (error) {
      const fault = connection.fault(error)
      const trouble = troubleIn(fault)
      this.#said = wordsOf(fault.message)
      // the answer may be lost where the request was not
      return trouble === null || HANDED_IN.has(trouble) ? null : fault
    }
  }

  #timedOut(intent: Intent, spender: Spender | null): RsdpError {
    const { account, journal, limits } = this.#init
    const hashes = hashesOf(intent.forms)
    const foreign =
      spender !== null && (spender.hash === null || !hashes.includes(spender.hash)) ? spender : null
    const waited = `within ${limits.txTimeoutMs / 1_000} s`
    const message =
      foreign === null
        ? `${shown(intent)} was not mined ${waited}: ${hashes.join(', ')}`
        : `another program used nonce ${intent.nonce} of ${account.address} in block ${foreign.block}, which is not` +
          ` ${this.#reorgDepth} blocks deep yet: ${shown(intent)} may still be mined instead`
    return new RsdpError({
      code: 'E_TX_TIMEOUT',
      message: this.#said === '' ? message : `${message} (${this.#said})`,
      hint: 'run the same command again: it waits for this transaction or replaces it, and does not send it twice',
      exit: EXIT.timeout,
      details: {
        hash: hashes.at(-1),
        hashes,
        nonce: intent.nonce,
        purpose: intent.purpose,
        since: intent.since,
        address: account.address,
        journal: journal.path,
      },
    })
  }
}

/** An intent for people: what, under which nonce, since when. */
export function shown({ purpose, to, valueWei, nonce, since }: Intent): string {
  const value = valueWei === 0n ? '' : ` of ${formatEther(valueWei)} ETH`
  return `the ${purpose}${value}${to === null ? '' : ` to ${to}`} (nonce ${nonce}, sent ${since})`
}

const hashesOf = (forms: readonly SignedForm[]): Digest[] => forms.map(({ hash }) => hash)

/** Least that a transaction must offer to be in the next block: half of the offer was for a base fee that doubles. */
function leastNow({ perGas, fields }: Fees): bigint {
  return fields.type === 0 ? perGas : (perGas + fields.maxPriorityFeePerGas) / 2n
}
