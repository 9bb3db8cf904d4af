import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { LineView } from '../../src/adapters/evm/task-line.ts'
import { readLine } from '../../src/adapters/evm/task-line.ts'
import { lineKeep } from '../../src/cli/commands/line-keep.ts'
import { makeOutput } from '../../src/cli/output.ts'
import { EXIT } from '../../src/types/exit-codes.ts'
import type { Address } from '../../src/types/ids.ts'
import type { TestNetwork } from '../helpers/chain.ts'
import { ETHER, startTestNetwork } from '../helpers/chain.ts'
import { rsdpHere } from '../helpers/cli.ts'
import type { CliRun } from '../helpers/rsdp.ts'
import { errorCode } from '../helpers/rsdp.ts'
import { forgetTransactions } from '../helpers/state-home.ts'

const SIGN_UP = 30
const LENGTH = 200
const KV = [
  '--reducer',
  'kv-config@1',
  '--params',
  '{"minHeightTicks":5,"sessionIdleMs":60000,"generation":0}',
]
const SIZE = ['--nodes', '4', '--heights', '20', '--epoch', '5', '--factor', '40']
const TIMES = ['--join-blocks', `${SIGN_UP}`, '--end-blocks', `${LENGTH}`, '--pace-blocks', '3']
const BUDGET = 1_000n * ETHER

type Told = Readonly<Record<string, unknown>>

describe('the commands of a line', function () {
  this.timeout(300_000)
  let net: TestNetwork
  let scratch: string
  let line: Address

  const run = (who: 'owner' | 'keeper', ...args: readonly string[]): Promise<CliRun> => {
    const place = ['--rpc-url', net.rpcUrl, '--deployment', net.deploymentFile, '--json']
    const sends = args[0] === 'show' ? [] : ['--key-file', join(scratch, who), '--yes']
    return rsdpHere('line', ...args, ...place, ...sends)
  }
  const dataOf = ({ code, stdout, stderr }: CliRun): Told => {
    expect(code, stderr).equal(EXIT.ok)
    return (JSON.parse(stdout) as { data: Told }).data
  }
  const refused = (given: CliRun, code: string, exit: number = EXIT.precondition): void =>
    void expect([given.code, errorCode(given)]).deep.equal([exit, code])
  const view = (): Promise<LineView> => readLine(net.connection, line)

  /** A keeper until it has said this many things. */
  async function keep(count: number, extra: { readonly paidOnly?: boolean } = {}): Promise<Told[]> {
    const told: Told[] = []
    const stop = new AbortController()
    const out = (text: string): void => {
      for (const one of text.split('\n').filter((row) => row !== '')) told.push(JSON.parse(one) as Told)
      if (told.length >= count) stop.abort()
    }
    const streams = { out, err: () => undefined }
    const output = makeOutput({ command: 'line keep', json: true, streams })
    const place = { rpcUrl: net.rpcUrl, deployment: net.deploymentFile, json: true }
    const options = { ...place, keyFile: join(scratch, 'keeper'), yes: true, dryRun: false, every: 1 }
    if (count === 0) stop.abort()
    const context = { output, json: true, signal: stop.signal }
    expect(await lineKeep(line, { ...options, paidOnly: false, ...extra }, context)).equal(EXIT.ok)
    return told
  }

  before(async () => {
    net = await startTestNetwork({ nodes: 0 })
    scratch = mkdtempSync(join(tmpdir(), 'rsdp-line-'))
    const keys = { owner: net.chain.accounts[1]!.privateKey, keeper: net.chain.accounts[2]!.privateKey }
    for (const [name, key] of Object.entries(keys)) writeFileSync(join(scratch, name), key, { mode: 0o600 })
  })
  after(async () => {
    await net.close()
    rmSync(scratch, { recursive: true, force: true })
  })
  beforeEach(forgetTransactions)

  it('open: refuses a reducer that forgets, shows what it would do, and makes a funded line', async () => {
    const median = ['--reducer', 'median@1', '--params', '{"min":0,"max":9}']
    refused(await run('owner', 'open', ...median), 'E_LINE_REDUCER', EXIT.usage)
    refused(await run('owner', 'open'), 'E_LINE_REDUCER', EXIT.usage)
    const all = ['open', ...KV, ...SIZE, ...TIMES, '--budget', '1000', '--fee', '2']
    const dry = await run('owner', ...all, '--dry-run')
    expect(dataOf(dry)).include({ dryRun: true, line: null })
    expect(dry.stderr).match(/to whoever renews/)
    const opened = dataOf(await run('owner', ...all))
    line = opened['line'] as Address
    expect(await view()).deep.include({
      ...{ owner: net.client.address, budgetWei: BUDGET, generation: 0n, tasks: [], renewFee: 2n * ETHER },
      ...{ isDue: true, isPaid: true, predecessor: 0n, closesAt: null, nextPlanAt: null },
    })
    const plan = opened['plan'] as { withGeneration: boolean; params: { reducerParams: string } }
    expect(plan.withGeneration).equal(true)
    expect(plan.params.reducerParams, 'without its generation').lengthOf(2 + 12)
  })

  it('refuses what is no line, whoever is not the owner, and an amount that is none', async () => {
    refused(await run('owner', 'show', net.client.address), 'E_NO_LINE')
    refused(await run('owner', 'show', 'nowhere'), 'E_USAGE', EXIT.usage)
    refused(await run('keeper', 'close', line), 'E_NOT_OWNER')
    refused(await run('keeper', 'fund', line, 'much'), 'E_AMOUNT', EXIT.usage)
  })

  it('fund and renew: anybody; not before it is due', async () => {
    expect(dataOf(await run('keeper', 'fund', line, '5'))).include({ budgetWei: String(BUDGET + 5n * ETHER) })
    const renewed = dataOf(await run('keeper', 'renew', line))
    const { tasks, budgetWei } = await view()
    expect(renewed).include({ taskId: `${tasks[0]!.taskId}`, predecessor: '0', feeWei: `${2n * ETHER}` })
    expect(budgetWei).equal(BUDGET + 5n * ETHER - tasks[0]!.escrowWei - 2n * ETHER)
    refused(await run('keeper', 'renew', line), 'E_LINE_NOT_DUE')
    const { tasks: shown, isDue } = dataOf(await run('owner', 'show', line)) as unknown as LineView
    expect([isDue, shown.length]).deep.equal([false, 1])
  })

  it('keep: collects what an expired task held, and renews; unpaid only if it may', async () => {
    await net.mine(SIGN_UP + 2)
    const before = await view()
    const paid = await keep(1, { paidOnly: true })
    expect(paid.map(({ type }) => type)).deep.equal(['collected', 'stopped'])
    expect((await view()).budgetWei).equal(before.budgetWei + before.tasks[0]!.escrowWei)
    const told = await keep(1)
    expect(told.map(({ type }) => type)).deep.equal(['renewed', 'stopped'])
    expect(told[0]).include({ predecessor: '0', feeWei: '0' })
  })

  it('close: after the notice the owner has the rest, and a keeper is done', async () => {
    const closed = dataOf(await run('owner', 'close', line))
    expect(closed['withdrawnWei']).equal('0')
    refused(await run('owner', 'close', line), 'E_LINE_NOTICE')
    await net.mine(LENGTH)
    // it ends by itself: everything is collected, and nothing more is published
    expect((await keep(99)).map(({ type }) => type)).deep.equal(['collected', 'stopped'])
    refused(await run('keeper', 'renew', line), 'E_LINE_NOT_DUE')
    const { budgetWei } = await view()
    expect(budgetWei).equal(BUDGET + 5n * ETHER - 2n * ETHER)
    const before = await net.connection.contracts.token.balanceOf(net.client.address)
    expect(dataOf(await run('owner', 'close', line))['withdrawnWei']).equal(String(budgetWei))
    const after = await net.connection.contracts.token.balanceOf(net.client.address)
    expect(after - before).equal(budgetWei)
    refused(await run('owner', 'close', line), 'E_NOTHING_DUE')
  })
})
