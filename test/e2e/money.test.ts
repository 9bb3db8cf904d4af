import { writeFileSync } from 'node:fs'
import { expect } from 'chai'
import { devAccounts } from '../../src/adapters/hardhat/dev-accounts.ts'
import { FaultyNetwork } from '../helpers/faulty-network.ts'
import { rsdpHere } from '../helpers/cli.ts'
import type { CliRun } from '../helpers/rsdp.ts'
import { errorCode, rsdp } from '../helpers/rsdp.ts'

const NODES = 4
const EPOCH = 2
/** More than any of the tasks lives to decide. */
const HEIGHTS = 1_000
const JOIN_BLOCKS = 240
const ZERO = 0n

interface Movement {
  readonly from: string
  readonly to: string
  readonly amount: string
  readonly why: string
}
/** As `rsdp audit --json` tells it. */
interface Audit {
  readonly verdict: string
  readonly heightsAnchored: number
  readonly end: { readonly status: string; readonly because: string }
  readonly money: {
    readonly movements: readonly Movement[]
    readonly left: readonly unknown[]
    readonly escrow: string
    readonly paid: string
    readonly locked: string
    readonly freed: string
  }
}

describe('every path of money, by commands: processes over TCP on a real chain', function () {
  this.timeout(600_000)
  let network: FaultyNetwork
  /** Wallet balances before a task, by account. */
  let purses: Map<string, bigint>

  before(async () => {
    network = await FaultyNetwork.create(NODES)
    devAccounts(NODES + 1).forEach(({ privateKey }, i) => {
      writeFileSync(keyFile(i), privateKey, { mode: 0o600 })
    })
    for (const node of network.nodes) network.start(node)
    await network.until('all are ready', () => network.watch.nodesThatSaid('node.ready') === NODES)
  })
  after(() => network.close())

  /** Of the client, 0, or an operator, 1 … */
  const keyFile = (i: number): string => network.file(`wallet-${i}`)
  const flags = (): string[] => [
    '--rpc-url',
    network.rpcUrl,
    '--deployment',
    network.deploymentFile,
    '--json',
  ]
  const dataOf = ({ code, stdout, stderr }: CliRun): Record<string, unknown> => {
    expect(code, stderr).equal(0)
    return (JSON.parse(stdout) as { data: Record<string, unknown> }).data
  }
  const task = async (
    wallet: number | null,
    ...args: readonly string[]
  ): Promise<Record<string, unknown>> => {
    const key = wallet === null ? [] : ['--key-file', keyFile(wallet)]
    return dataOf(await rsdpHere('task', ...args, ...key, ...flags()))
  }
  const statusOf = async (id: string): Promise<unknown> => (await task(null, 'status', id))['status']
  const accounts = (): string[] =>
    [network.client, ...network.nodes.map(({ operator }) => operator)].map(({ address }) => address)
  const balances = async (): Promise<Map<string, bigint>> => {
    const { token } = network.connection.contracts
    return new Map(
      await Promise.all(
        accounts().map(async (account) => [account, await token.balanceOf(account)] as const),
      ),
    )
  }

  /** Publishes by command and waits until every node has signed up, which it does by itself. */
  async function published(nodes: number): Promise<{ id: string; joinDeadline: number }> {
    const size = ['--nodes', `${nodes}`, '--heights', `${HEIGHTS}`, '--epoch', `${EPOCH}`, '--factor', '20']
    const { taskId, params } = await task(0, 'publish', ...size, '--join-blocks', `${JOIN_BLOCKS}`)
    // the faucet has filled the client's purse by just the escrow, and all of that is paid
    purses = await balances()
    const id = String(taskId)
    await saidByAll('task.joined', id)
    return { id, joinDeadline: (params as { joinDeadline: number }).joinDeadline }
  }
  const saidByAll = (event: string, id: string, by = NODES): Promise<void> =>
    network.until(`${event} of task ${id} by ${by} nodes`, () => {
      return new Set(network.said(event, BigInt(id)).map(({ node }) => node)).size >= by
    })
  async function working(): Promise<string> {
    const { id, joinDeadline } = await published(NODES)
    await network.mineTo(joinDeadline)
    await saidByAll('task.running', id)
    await network.until('a checkpoint', () => network.said('checkpoint.mined', BigInt(id)).length > 0)
    return id
  }

  /** Everybody takes what is theirs by command; then the audit explains every wei, and balances bear it out. */
  async function settled(id: string): Promise<Audit> {
    const { number } = await network.connection.contracts.board.claimsOpenAt(BigInt(id))
    const opensAt = Number(number)
    await network.mineTo(opensAt)
    const owed = await Promise.all(
      accounts().map(async (_, i) => {
        const dry = await rsdpHere('task', 'claim', id, '--dry-run', '--key-file', keyFile(i), ...flags())
        expect(dry.code === 0 || errorCode(dry) === 'E_NOTHING_DUE', dry.stderr).equal(true)
        return dry.code === 0
      }),
    )
    for (const [i, isOwed] of owed.entries()) if (isOwed) await task(i, 'claim', id)
    expect((await task(0, 'release', id))['released']).length(NODES)

    const audited = await rsdp('audit', id, ...flags())
    const audit = dataOf(audited) as unknown as Audit
    const { movements, left, escrow, paid, locked, freed } = audit.money
    // a fee that was due in another's turn, on a slow machine, is burnt
    const burnt = movements.reduce(
      (sum, { to, amount }) => sum + (to === 'burnt' ? BigInt(amount) : ZERO),
      ZERO,
    )
    expect([left, BigInt(escrow), locked]).deep.equal([[], BigInt(paid) + burnt, freed])
    const now = await balances()
    for (const account of accounts()) {
      const got = movements.reduce(
        (sum, { to, amount }) => sum + (to === account ? BigInt(amount) : ZERO),
        ZERO,
      )
      expect(now.get(account)! - purses.get(account)!, account).equal(got)
    }
    const { token, board, registry } = network.connection.contracts
    expect(await token.balanceOf(board)).equal(await board.burnt())
    const stakes = await Promise.all(
      network.nodes.map(async ({ operator }) => (await registry.account(operator.address)).free),
    )
    expect(await token.balanceOf(registry)).equal(stakes.reduce((sum, free) => sum + free, ZERO))
    return audit
  }
  const clientGot = ({ money }: Audit): bigint =>
    money.movements.reduce(
      (sum, { to, amount }) => sum + (to === network.client.address ? BigInt(amount) : ZERO),
      ZERO,
    )

  it('expired, as too few signed up: all locks back, all of the escrow to the client', async () => {
    const { id, joinDeadline } = await published(7)
    await network.mineTo(joinDeadline + 1)
    expect(await statusOf(id)).equal('Expired')
    const audit = await settled(id)
    expect(audit.verdict).equal('verified')
    expect(audit.end).deep.include({ status: 'Expired', because: '4 sign-ups, 5 needed' })
    expect(clientGot(audit)).equal(BigInt(audit.money.escrow))
  })

  it('revoked in the middle: accepted heights are paid, nodes retire, the rest goes back', async () => {
    const id = await working()
    expect((await task(0, 'revoke', id))['status']).equal('Finalizing')
    await saidByAll('task.revoked', id)
    await saidByAll('task.retired', id)
    expect(await statusOf(id)).equal('Closed')
    const audit = await settled(id)
    expect(audit.verdict).equal('verified')
    expect(audit.end).deep.include({ status: 'Closed', because: 'the client revoked it' })
    expect(audit.heightsAnchored).greaterThan(0).lessThan(HEIGHTS)
    expect(audit.money.movements.filter(({ why }) => /^member \d: \d+ heights/.test(why))).length(NODES)
    expect(clientGot(audit) > ZERO).equal(true)
  })

  it('without quorum: two of four are gone, what was accepted is paid, the rest goes back', async () => {
    const id = await working()
    await network.stop(...network.nodes.slice(2))
    const { stallBlocks } = await paramsOf(id)
    // what was signed by all before may still be brought
    while ((await statusOf(id)) === 'Active') await network.mineTo((await network.head()) + stallBlocks)
    expect(await statusOf(id)).equal('NoQuorum')
    const audit = await settled(id)
    expect(audit.verdict).equal('verified')
    expect(audit.end.status).equal('NoQuorum')
    expect(audit.end.because).equal(`no checkpoint for ${stallBlocks} blocks`)
    expect(audit.heightsAnchored).greaterThan(0)
  })

  async function paramsOf(id: string): Promise<{ stallBlocks: number }> {
    const { board } = network.connection.contracts
    const [event] = await board.queryFilter(board.filters.TaskPublished(BigInt(id)))
    return { stallBlocks: Number(event!.args.params.stallBlocks) }
  }
})
