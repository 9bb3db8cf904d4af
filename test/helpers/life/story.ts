/**
 * The life of a deployment by commands, each a process: deploy, fund, register, stake, publish, sign-up, drawing, heights,
 * checkpoints, result, evidence window, claims, release, unbonding, audit. The same story on every chain: what differs is
 * how its blocks come.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection } from '../../../src/adapters/evm/connection.ts'
import { claimsOpenAt } from '../../../src/adapters/evm/reads.ts'
import { isLocalChain } from '../../../src/cli/local/chains.ts'
import { holdPort } from '../../../src/cli/local/ports.ts'
import { openDeployment } from '../../../src/cli/local/wallets.ts'
import type { Moment } from '../../../src/types/moment.ts'
import type { LifeChain } from './chains.ts'
import type { Running, Told } from './desk.ts'
import { LifeDesk } from './desk.ts'
import { Treasury } from './treasury.ts'

export interface LifeInit {
  readonly chain: LifeChain
  /** Words of `task publish`, beside `--yes` and the key: none for its defaults. */
  readonly publish: readonly string[]
  readonly nodes: number
  /** A fault of the last node: on a local chain alone. */
  readonly fault?: string
  /** Whether it goes on after the result, until the evidence window and the unbonding are over. */
  readonly toTheEnd: boolean
  readonly say: (line: string) => void
}

/** What a life came to; amounts in token wei. */
export interface LifeResult {
  readonly heights: number
  readonly verdict: unknown
  readonly convictions: number
  /** Null where the life ends with its result. */
  readonly end: LifeEnd | null
}

export interface LifeEnd {
  readonly outcome: unknown
  readonly escrowWei: bigint
  readonly earnedWei: bigint
  readonly clientWei: bigint
  readonly burntWei: bigint
  /** Stake that came back, with the reporters' credits, and what was slashed and burnt. */
  readonly withdrawnWei: bigint
  readonly slashedWei: bigint
  readonly verdict: unknown
  readonly boardVerdicts: unknown
  /** What the board's audit found. */
  readonly boardFindings: unknown
}

interface Operator {
  readonly name: string
  readonly address: string
  readonly key: string
  readonly payer: readonly string[]
  readonly process: Running
}

const TASK = '1'
const STAKE = 1_000n * 10n ** 18n
const PASSWORD = './password'
/** For everything that a busy machine may delay. */
const PATIENCE_MS = 600_000
const LOOK_MS = 150
/** Nodes act on a block once it is so many blocks deep, and one look later. */
const MARGIN_BLOCKS = 2

/** Lives it, and says how long each part took. */
export async function live(init: LifeInit): Promise<LifeResult> {
  const desk = new LifeDesk(init.chain.rpcUrl)
  const life = new Life(init, desk)
  try {
    return await life.live()
  } catch (error) {
    init.say(life.logs())
    throw error
  } finally {
    life.connection?.close()
    await desk.close()
  }
}

class Life {
  readonly #init: LifeInit
  readonly #desk: LifeDesk
  readonly #treasury: Treasury
  readonly #isLocal: boolean
  connection: Connection | null = null
  #operators: Operator[] = []
  #client: readonly string[] = []

  constructor(init: LifeInit, desk: LifeDesk) {
    this.#init = init
    this.#desk = desk
    this.#treasury = new Treasury(init.chain)
    this.#isLocal = isLocalChain(init.chain.chainId)
  }

  async live(): Promise<LifeResult> {
    await this.#step('deploy', () => this.#deploy())
    await this.#step('register', () => this.#register())
    const escrowWei = await this.#step('publish', () => this.#publish())
    await this.#step('sign-up', () => this.#signUp())
    await this.#step('drawing', () => this.#draw())
    const heights = await this.#step('heights', () => this.#decide())
    await this.#step('result', () => this.#finish())
    const { verdict } = await this.#must(0, 'audit', TASK)
    const { convictions } = (await this.#must(0, 'evidence', 'list', TASK)) as { convictions: unknown[] }
    // a local chain's window is over in seconds
    if (!this.#isLocal) await this.#must(3, 'task', 'claim', TASK, '--yes', ...this.#client)
    const end = this.#init.toTheEnd ? await this.#settle(escrowWei) : null
    for (const { name, process } of this.#operators) {
      const code = await process.stop()
      if (code !== 143) throw new Error(`${name} ended with ${String(code)}`)
    }
    return { heights, verdict, convictions: convictions.length, end }
  }

  logs(): string {
    return this.#operators.map(({ name }) => this.#desk.tail(`${name}/node.log`)).join('\n')
  }

  async #deploy(): Promise<void> {
    const deployer = await this.#newKey('deployer')
    await this.#treasury.giveGas(deployer.address)
    const token = this.#isLocal ? [] : ['--token', await this.#treasury.deployToken()]
    await this.#must(0, 'deploy', ...token, ...deployer.payer)
    this.connection = await openDeployment(this.#init.chain.rpcUrl, this.#desk.file('deployment.json'))
    await this.#must(0, 'doctor')
  }

  async #register(): Promise<void> {
    const { nodes } = this.#init
    this.#operators = await Promise.all(Array.from({ length: nodes }, (_, i) => this.#operator(i)))
    for (const { name } of this.#operators)
      await this.#must(0, 'node', 'status', '--data-dir', name, '--wait', '600')
    // a warning says that the addresses are those of this machine
    await this.#must(0, 'doctor', '--data-dir', this.#operators[0]!.name)
  }

  /** As the operator's page goes: wallet, node, gas for both, stake, allowance. */
  async #operator(index: number): Promise<Operator> {
    const name = `node${index}`
    const wallet = await this.#newKey(`operator${index}`)
    await this.#treasury.giveGas(wallet.address)
    await this.#treasury.giveTokens(wallet.address, STAKE)
    const made = await this.#must(0, 'node', 'init', '--data-dir', name, '--password-file', PASSWORD)
    await this.#must(0, 'fund', `${name}/key`, '1', '--yes', ...wallet.payer)
    const { port, release } = await holdPort()
    const address = `/ip4/127.0.0.1/tcp/${port}`
    await this.#must(
      0,
      ...['node', 'register', '--data-dir', name, '--node-password-file', PASSWORD, '--stake', '1000'],
      ...['--allow-per-task', '200', '--allow-total', '500', '--announce', address, '--yes', ...wallet.payer],
    )
    release()
    const { fault, nodes } = this.#init
    const faulty = fault === undefined || index < nodes - 1 ? [] : ['--fault', fault]
    const run = ['node', 'run', '--data-dir', name, '--password-file', PASSWORD, '--listen', address]
    // off local chains the demo's requests come with a provider alone; a task of rate-limit@1 asks it nothing
    if (!this.#isLocal) run.push('--provider', 'http://127.0.0.1:1')
    return { name, ...wallet, key: String(made['key']), process: this.#desk.start(...run, ...faulty) }
  }

  /** @returns the escrow */
  async #publish(): Promise<bigint> {
    const { address, payer } = await this.#newKey('client')
    this.#client = payer
    await this.#treasury.giveGas(address)
    await this.#treasury.giveTokens(address, STAKE)
    const told = await this.#must(0, 'task', 'publish', ...this.#init.publish, '--yes', ...payer)
    return BigInt(String(told['escrowWei']))
  }

  /** Nodes see the task once it is deep; then it takes its time. */
  async #signUp(): Promise<void> {
    const { board } = this.#open.contracts
    await this.#init.chain.mine(this.#open.deployment.windows.reorgDepth + MARGIN_BLOCKS)
    const { nodes } = this.#init
    await this.#until('all sign up', async () => (await board.signupsOf(TASK)).length === nodes)
    const { joinDeadline, joinTime } = await this.#terms()
    await this.#passTo({ number: joinDeadline, time: joinTime })
  }

  /** The seed block is made like any other: of blocks that are mined many at a time, most have no randomness on Hardhat. */
  async #draw(): Promise<void> {
    const { board } = this.#open.contracts
    const { reorgDepth, seedDelaySeconds } = this.#open.deployment.windows
    const { joinDeadline, joinTime } = await this.#terms()
    await this.#passTo({
      number: joinDeadline + BigInt(reorgDepth),
      time: joinTime === 0n ? 0n : joinTime + BigInt(seedDelaySeconds),
    })
    await this.#until('the cluster is drawn', async () => (await board.task(TASK)).members > 0n)
  }

  /** @returns heights that the chain has accepted */
  async #decide(): Promise<number> {
    const { log } = this.#open.contracts
    await this.#init.chain.mine(this.#open.deployment.windows.reorgDepth)
    const { heights } = await this.#terms()
    await this.#until('all heights are accepted', async () => (await log.head(TASK)).last === heights)
    return Number(heights)
  }

  /** The last checkpoint has to be deep before the result is published. */
  async #finish(): Promise<void> {
    await this.#init.chain.mine(this.#open.deployment.windows.reorgDepth + MARGIN_BLOCKS)
    const watched = await this.#desk.run('task', 'watch', TASK, '--timeout', '300')
    if (watched.code !== 0) throw new Error(`task watch: ${watched.stderr}`)
    await this.#must(0, 'task', 'result', TASK)
  }

  async #settle(escrowWei: bigint): Promise<LifeEnd> {
    const { connection } = { connection: this.#open }
    await this.#step('evidence window', async () => {
      const { closeGrace, graceSeconds } = connection.deployment.windows
      const now = await this.#latest()
      await this.#passTo({ number: now.number + BigInt(closeGrace), time: now.time + BigInt(graceSeconds) })
      let opens: Moment | null = null
      await this.#until('the task is over', async () => (opens = await claimsOpenAt(connection, 1n)) !== null)
      await this.#passTo(opens!)
    })
    const [earnedWei, clientWei] = await this.#step('claims', () => this.#claim())
    const { outcome } = await this.#must(0, 'task', 'status', TASK)
    const withdrawnWei = await this.#step('unbonding', () => this.#withdraw())
    const { board, registry } = connection.contracts
    const [burntWei, slashedWei] = await connection.read(Promise.all([board.burnt(), registry.burnt()]))
    const { verdict } = await this.#must(0, 'audit', TASK)
    const { verdicts: boardVerdicts, findings: boardFindings } = await this.#must(0, 'audit', '--board')
    const sums = { escrowWei, earnedWei, clientWei, burntWei, withdrawnWei, slashedWei }
    return { outcome, ...sums, verdict, boardVerdicts, boardFindings }
  }

  /** @returns what the operators got, and the client */
  async #claim(): Promise<readonly [bigint, bigint]> {
    const claim = async (payer: readonly string[]): Promise<bigint> => {
      const told = await this.#desk.run('task', 'claim', TASK, '--yes', ...payer)
      if (told.code === 0) return BigInt(String(told.data['amountWei']))
      // a convicted member earns nothing
      if (told.error?.code === 'E_NOTHING_DUE') return 0n
      throw new Error(`task claim: ${told.stderr}`)
    }
    const earned = await Promise.all(this.#operators.map(({ payer }) => claim(payer)))
    const rest = await claim(this.#client)
    await this.#must(3, 'task', 'claim', TASK, '--yes', ...this.#client)
    await this.#must(0, 'task', 'release', TASK, '--yes', ...this.#operators[0]!.payer)
    return [earned.reduce((sum, amount) => sum + amount, 0n), rest]
  }

  async #withdraw(): Promise<bigint> {
    await Promise.all(
      this.#operators.map(async ({ payer }) => {
        const stake = await this.#must(0, 'stake', 'status', ...payer)
        await this.#must(0, 'stake', 'unbond', `${String(stake['freeWei'])}wei`, '--yes', ...payer)
      }),
    )
    await this.#must(3, 'stake', 'withdraw', '--yes', ...this.#operators[0]!.payer)
    const { unbonding, unbondingSeconds } = this.#open.deployment.windows
    const now = await this.#latest()
    await this.#passTo({ number: now.number + BigInt(unbonding), time: now.time + BigInt(unbondingSeconds) })
    const told = await Promise.all(
      this.#operators.map(async ({ name, payer }) => {
        const stake = await this.#must(0, 'stake', 'withdraw', '--yes', ...payer)
        // who brought a proof has a credit: its wallet, or its signing key
        const own = await this.#credit(payer)
        const credit = await this.#credit(['--key-file', `${name}/key`, '--password-file', PASSWORD])
        return BigInt(String(stake['amountWei'])) + own + credit
      }),
    )
    return told.reduce((sum, amountWei) => sum + amountWei, 0n)
  }

  async #credit(payer: readonly string[]): Promise<bigint> {
    const told = await this.#desk.run('evidence', 'withdraw', '--yes', ...payer)
    if (told.error?.code === 'E_NOTHING_DUE') return 0n
    if (told.code !== 0) throw new Error(`evidence withdraw: ${told.stderr}`)
    return BigInt(String(told.data['amountWei']))
  }

  async #newKey(name: string): Promise<{ readonly address: string; readonly payer: readonly string[] }> {
    const told = await this.#must(0, 'keys', 'new', name, '--password-file', PASSWORD)
    const payer = ['--key-file', String(told['path']), '--password-file', PASSWORD]
    return { address: String(told['address']), payer }
  }

  get #open(): Connection {
    if (this.connection === null) throw new Error('nothing is deployed yet')
    return this.connection
  }

  async #terms(): Promise<{ joinDeadline: bigint; joinTime: bigint; heights: bigint }> {
    const { board } = this.#open.contracts
    const [published] = await this.#open.read(board.queryFilter(board.filters.TaskPublished(TASK)))
    return published!.args.params
  }

  async #latest(): Promise<Moment> {
    return this.#open.latest()
  }

  /** Lets blocks and seconds pass, and the last block come by itself. */
  async #passTo(moment: Moment): Promise<void> {
    const { chain } = this.#init
    const { number, time } = await this.#latest()
    const blocks = Number(moment.number - number) - MARGIN_BLOCKS
    if (blocks > 0) await chain.mine(blocks)
    const missing = Number(moment.time - (await this.#latest()).time)
    if (missing > 0 && time > 0n) await chain.skip(missing)
    await this.#until('the moment has come', async () => {
      const now = await this.#latest()
      return now.number >= moment.number && now.time >= moment.time
    })
  }

  async #until(what: string, condition: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS
    while (!(await condition())) {
      if (performance.now() > deadline) throw new Error(`not within ${PATIENCE_MS} ms: ${what}`)
      await sleep(LOOK_MS)
    }
  }

  async #step<T>(what: string, work: () => Promise<T>): Promise<T> {
    const started = performance.now()
    const before = this.connection === null ? 0n : (await this.#latest()).number
    const done = await work()
    const blocks = (await this.#latest()).number - before
    const seconds = ((performance.now() - started) / 1_000).toFixed(1)
    this.#init.say(`${what.padEnd(16)} ${seconds.padStart(6)} s ${String(blocks).padStart(6)} blocks`)
    return done
  }

  #must(exit: number, ...words: readonly string[]): Promise<Told['data']> {
    return this.#desk.must(exit, ...words)
  }
}
