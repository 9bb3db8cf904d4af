import { setTimeout as sleep } from 'node:timers/promises'
import type { TransactionReceipt } from 'ethers'
import { Transaction, Wallet as EthersWallet, formatEther, isError } from 'ethers'
import type { PreparedCall } from '../../ports/chain.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { Address, Digest, Hex } from '../../types/ids.ts'
import type { Connection } from './connection.ts'
import type { Fees } from './fees.ts'
import { currentFees, raiseFees } from './fees.ts'
import type { Revert } from './revert.ts'
import { decodeRevert } from './revert.ts'

/** Largest gas limit of a transaction (EIP-7825). */
const TX_GAS_MAX = 16_777_216n
const POLL_MS = { first: 50, factor: 1.5, max: 2_000 }
/** Polls between two attempts to hand a transaction in again that no node seems to have. */
const POLLS_PER_REPEAT = 8
/** The node has it; or it mines at once, and tells what became of it before one can ask. */
const HANDED_IN = /already ?(known|imported|exists)|known transaction|existing tx|revert|out of gas/i
/** Of a call whose nonce others take. */
const ATTEMPTS = 3

export interface WalletLimits {
  readonly txTimeoutMs: number
}

export type Submitted =
  | { readonly kind: 'mined'; readonly receipt: TransactionReceipt }
  | { readonly kind: 'reverted'; readonly revert: Revert }

/** A transaction that was handed in. If nothing is heard of it, the next one takes its nonce. */
interface Sent {
  readonly hash: Digest
  readonly nonce: number
  readonly fees: Fees
}

/**
 * A key that sends transactions, one after the other: each is waited for before the next is made, so nonces have no gaps
 * and nothing is ever sent that was not tried first.
 */
export class Wallet {
  readonly connection: Connection
  readonly address: Address
  readonly #signer: EthersWallet
  readonly #limits: WalletLimits
  #queue: Promise<unknown> = Promise.resolve()
  #sent: Sent | null = null

  constructor(connection: Connection, privateKey: Hex, limits: Partial<WalletLimits> = {}) {
    this.connection = connection
    this.#signer = new EthersWallet(privateKey)
    this.address = this.#signer.address.toLowerCase() as Address
    this.#limits = { txTimeoutMs: 120_000, ...limits }
  }

  /** Wei that this key has for gas. */
  balance(): Promise<bigint> {
    return this.connection.read(this.connection.provider.getBalance(this.address))
  }

  /**
   * Sends a call and waits until it is mined. A call that would revert is not sent.
   *
   * @throws RsdpError E_FUNDS_GAS, E_RPC_DOWN, E_TX_TIMEOUT. After the last two the transaction may still be mined; the
   * next one takes its place if it is not.
   */
  submit(call: PreparedCall, valueWei = 0n): Promise<Submitted> {
    const turn = this.#queue.then(() => this.#submit(call, valueWei))
    this.#queue = turn.catch(() => undefined)
    return turn
  }

  /**
   * `submit` for those who do not expect a refusal.
   *
   * @throws RsdpError also E_REVERT, E_FUNDS_STAKE, E_ALLOWANCE
   */
  async execute(what: string, call: PreparedCall, valueWei = 0n): Promise<TransactionReceipt> {
    const submitted = await this.submit(call, valueWei)
    if (submitted.kind === 'mined') return submitted.receipt
    throw refused(what, submitted.revert)
  }

  async #submit(call: PreparedCall, valueWei: bigint): Promise<Submitted> {
    for (let attempt = 1; ; attempt++) {
      const submitted = await this.#attempt(call, valueWei)
      if (submitted !== null) return submitted
      if (attempt === ATTEMPTS) throw this.#noncesTaken()
    }
  }

  /** Null if another transaction took the nonce: this one can never be mined. */
  async #attempt(call: PreparedCall, valueWei: bigint): Promise<Submitted | null> {
    const { provider } = this.connection
    const gas = await this.#estimate(call, valueWei)
    if (typeof gas !== 'bigint') return { kind: 'reverted', revert: gas }
    const gasLimit = gas > TX_GAS_MAX ? gas : min((gas * 5n) / 4n, TX_GAS_MAX)
    const stuck = await this.#stillStuck()
    const fees = raiseFees(await this.connection.read(currentFees(provider)), stuck?.fees ?? null)
    const needs = gasLimit * fees.perGas + valueWei
    const has = await this.balance()
    if (has < needs) throw noFunds(this.address, has, needs)
    const nonce = stuck?.nonce ?? (await this.#count('pending'))
    const transaction = Transaction.from({
      ...fees.fields,
      ...call,
      chainId: this.connection.domain.chainId,
      value: valueWei,
      gasLimit,
      nonce,
    })
    transaction.signature = this.#signer.signingKey.sign(transaction.unsignedHash)
    this.#sent = { hash: transaction.hash as Digest, nonce, fees }
    const receipt = await this.#mined(this.#sent, transaction.serialized)
    this.#sent = null
    if (receipt === null) return null
    if (receipt.status === 1) return { kind: 'mined', receipt }
    return { kind: 'reverted', revert: await this.#whyReverted(call, valueWei, receipt, gasLimit) }
  }

  /** Gas that the call takes in the next block, or why the contract refuses it. */
  async #estimate({ to, data }: PreparedCall, valueWei: bigint): Promise<bigint | Revert> {
    const request = { from: this.address, to, data, value: `0x${valueWei.toString(16)}` }
    try {
      const gas: unknown = await this.connection.provider.send('eth_estimateGas', [request, 'pending'])
      return BigInt(gas as string)
    } catch (error) {
      if (isError(error, 'INSUFFICIENT_FUNDS')) throw noFunds(this.address, await this.balance(), valueWei)
      const revert = revertOf(error)
      if (revert === null) throw this.connection.fault(error)
      return revert
    }
  }

  /** False if the node says that it had a transaction with this nonce already: perhaps this very one. */
  async #handIn(raw: string): Promise<boolean> {
    try {
      await this.connection.provider.send('eth_sendRawTransaction', [raw])
      return true
    } catch (error) {
      // the answer may be lost where the request was not
      if (error instanceof RsdpError) return true
      const text = rpcText(error)
      if (HANDED_IN.test(text)) return true
      if (/nonce/i.test(text)) return false
      this.#sent = null
      if (isError(error, 'INSUFFICIENT_FUNDS')) throw noFunds(this.address, await this.balance(), null)
      throw this.connection.fault(error)
    }
  }

  /** Hands the transaction in and waits for its receipt; null if another one took its nonce. */
  async #mined({ hash, nonce }: Sent, raw: string): Promise<TransactionReceipt | null> {
    const deadline = performance.now() + this.#limits.txTimeoutMs
    const receiptOf = (): Promise<TransactionReceipt | null> =>
      this.connection.read(this.connection.provider.getTransactionReceipt(hash))
    let pauseMs = POLL_MS.first
    let doubtful = !(await this.#handIn(raw))
    for (let polls = 1; ; polls++) {
      const receipt = await receiptOf()
      if (receipt !== null) return receipt
      if (doubtful && (await this.#count('latest')) > nonce) return receiptOf()
      if (performance.now() >= deadline) throw this.#timedOut(hash)
      await sleep(pauseMs)
      pauseMs = Math.min(pauseMs * POLL_MS.factor, POLL_MS.max)
      // nodes forget transactions
      if (polls % POLLS_PER_REPEAT === 0) doubtful = !(await this.#handIn(raw))
    }
  }

  /** The transaction that an earlier call gave up on, unless it, or another with its nonce, was mined meanwhile. */
  async #stillStuck(): Promise<Sent | null> {
    if (this.#sent !== null && (await this.#count('latest')) > this.#sent.nonce) this.#sent = null
    return this.#sent
  }

  #count(block: 'latest' | 'pending'): Promise<number> {
    return this.connection.read(this.connection.provider.getTransactionCount(this.address, block))
  }

  async #whyReverted(
    { to, data }: PreparedCall,
    value: bigint,
    receipt: TransactionReceipt,
    gasLimit: bigint,
  ): Promise<Revert> {
    try {
      // as of the block before: transactions ahead of it in its own block are not seen
      const blockTag = receipt.blockNumber - 1
      await this.connection.provider.call({ from: this.address, to, data, value, blockTag })
    } catch (error) {
      const revert = revertOf(error)
      if (revert !== null) return revert
    }
    return receipt.gasUsed >= gasLimit ? { name: 'OutOfGas', text: 'OutOfGas' } : decodeRevert(null)
  }

  #noncesTaken(): RsdpError {
    return new RsdpError({
      code: 'E_TX_TIMEOUT',
      message: `other transactions of ${this.address} took the nonce ${ATTEMPTS} times`,
      hint: 'let one process at a time use this key',
      exit: EXIT.timeout,
      details: { address: this.address },
    })
  }

  #timedOut(hash: Digest): RsdpError {
    const seconds = this.#limits.txTimeoutMs / 1_000
    return new RsdpError({
      code: 'E_TX_TIMEOUT',
      message: `transaction ${hash} was not mined within ${seconds} s`,
      hint: 'send again: the next transaction of this process takes its place with a higher fee',
      exit: EXIT.timeout,
      details: { hash, address: this.address },
    })
  }
}

const min = (a: bigint, b: bigint): bigint => (a < b ? a : b)

/** The node's own words behind an error of ethers. */
function rpcText(error: unknown): string {
  if (!(error instanceof Error)) return ''
  const { info, error: inner } = error as { info?: { error?: unknown }; error?: unknown }
  const answer = info?.error ?? inner
  return typeof answer === 'object' && answer !== null && 'message' in answer
    ? String(answer.message)
    : error.message
}

/** Why a call reverted; null if the error is another: ethers takes every refusal of a node for a revert. */
export function revertOf(error: unknown): Revert | null {
  if (!isError(error, 'CALL_EXCEPTION')) return null
  if (error.data !== null && error.data !== '0x') return decodeRevert(error.data)
  return /revert|opcode|out of gas|gas required/i.test(rpcText(error)) ? decodeRevert(null) : null
}

function noFunds(address: Address, has: bigint, needs: bigint | null): RsdpError {
  const wanted = needs === null ? 'more' : `${formatEther(needs)} ETH`
  return new RsdpError({
    code: 'E_FUNDS_GAS',
    message: `${address} has ${formatEther(has)} ETH, needs ${wanted} for this call`,
    hint: `send it some: rsdp fund ${address} 1`,
    exit: EXIT.precondition,
    details: { address, hasWei: has, needsWei: needs },
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
