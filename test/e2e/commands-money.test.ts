import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { id } from 'ethers'
import { form } from '../../src/adapters/evm/operator.ts'
import type { TestNetwork } from '../helpers/chain.ts'
import {
  joinTask,
  publishTask,
  registeredNode,
  STAKE_WEI,
  startTestNetwork,
  testTask,
} from '../helpers/chain.ts'
import { rsdpHere } from '../helpers/cli.ts'
import type { CliRun } from '../helpers/rsdp.ts'
import { errorCode } from '../helpers/rsdp.ts'
import { atBlock } from '../helpers/moments.ts'
import { forgetTransactions } from '../helpers/state-home.ts'

const FORM_WINDOW = 257

describe('clients and operators take what is theirs', function () {
  this.timeout(300_000)
  let net: TestNetwork
  let scratch: string
  let snapshot: string

  before(async () => {
    net = await startTestNetwork()
    scratch = mkdtempSync(join(tmpdir(), 'rsdp-money-'))
    const keys = {
      client: net.chain.accounts[1]!.privateKey,
      alice: id('operator alice'),
      stranger: net.chain.accounts[3]!.privateKey,
    }
    for (const [name, key] of Object.entries(keys)) writeFileSync(join(scratch, name), key, { mode: 0o600 })
  })
  after(async () => {
    await net.close()
    rmSync(scratch, { recursive: true, force: true })
  })
  beforeEach(forgetTransactions)
  beforeEach(async () => (snapshot = (await net.connection.provider.send('evm_snapshot', [])) as string))
  afterEach(() => net.connection.provider.send('evm_revert', [snapshot]))

  const run = (...args: readonly string[]): Promise<CliRun> =>
    rsdpHere('task', ...args, '--rpc-url', net.rpcUrl, '--deployment', net.deploymentFile, '--json')
  const task = (who: 'client' | 'alice' | 'stranger', ...args: readonly string[]): Promise<CliRun> =>
    run(...args, '--key-file', join(scratch, who))
  const dataOf = ({ code, stdout, stderr }: CliRun): Record<string, unknown> => {
    expect(code, stderr).equal(0)
    return (JSON.parse(stdout) as { data: Record<string, unknown> }).data
  }
  const refused = (given: CliRun, code: string): void =>
    void expect([given.code, errorCode(given)]).deep.equal([3, code])
  const signedUp = async (): Promise<{ taskId: string; deadline: number }> => {
    const { joinDeadline } = await testTask(net)
    const taskId = await publishTask(net, { joinDeadline })
    for (const { operator, key } of net.nodes) await joinTask(operator, taskId, key.address)
    return { taskId: String(taskId), deadline: joinDeadline }
  }

  it('refuse what is not theirs, and what is not over', async () => {
    const { taskId } = await signedUp()
    refused(await task('client', 'revoke', '99'), 'E_NO_TASK')
    refused(await task('alice', 'revoke', taskId), 'E_NOT_CLIENT')
    for (const command of ['claim', 'release']) {
      refused(await task('alice', command, '99'), 'E_NO_TASK')
      refused(await task('alice', command, taskId), 'E_TASK_RUNNING')
    }
  })

  it('revoke an open task: the client has its escrow, operators their locks', async () => {
    const { taskId } = await signedUp()
    const dry = await task('client', 'revoke', taskId, '--dry-run')
    expect(dataOf(dry)).deep.include({ dryRun: true, status: 'Open', transaction: null })
    expect(dry.stderr).match(/refund +all of the escrow/)
    expect(dataOf(await task('client', 'revoke', taskId))).deep.include({ dryRun: false, status: 'Expired' })
    refused(await task('client', 'revoke', taskId), 'E_TASK_STATUS')

    const status = dataOf(await run('status', taskId))
    expect(status['revokedBlock']).equal(status['block'])
    refused(await task('alice', 'claim', taskId), 'E_NOTHING_DUE')
    const { escrowWei } = status
    expect(dataOf(await task('client', 'claim', taskId, '--dry-run'))['amountWei']).equal(escrowWei)
    expect(dataOf(await task('client', 'claim', taskId))['amountWei']).equal(escrowWei)
    refused(await task('client', 'claim', taskId), 'E_NOTHING_DUE')

    const { key } = net.nodes[0]!
    const own = dataOf(await task('alice', 'release', taskId, key.address))
    expect(own['released']).deep.equal([{ key: key.address, amountWei: String(STAKE_WEI) }])
    refused(await task('alice', 'release', taskId, key.address), 'E_NOTHING_DUE')
    expect(dataOf(await task('alice', 'release', taskId))['released']).length(3)
    refused(await task('alice', 'release', taskId), 'E_NOTHING_DUE')
  })

  it('revoke between sign-up and drawing: still drawn, else expired', async () => {
    const { taskId, deadline } = await signedUp()
    await net.mineTo(deadline)
    const revoked = await task('client', 'revoke', taskId)
    expect(dataOf(revoked)).deep.include({ status: 'Open' })
    expect(revoked.stderr).match(/drawing +still possible; then the members share 0.0+42 RSDP/)
    refused(await task('client', 'revoke', taskId), 'E_REVOKED')
    const seedBlock = deadline + net.deployment.windows.reorgDepth
    await net.mineTo(seedBlock)
    await form(net.client, BigInt(taskId), atBlock(seedBlock))
    refused(await task('alice', 'claim', taskId), 'E_TASK_RUNNING')
    const { closeGrace, evidence } = net.deployment.windows
    await net.mine(closeGrace)
    refused(await task('alice', 'claim', taskId), 'E_CLAIM_EARLY')
    refused(await task('alice', 'release', taskId), 'E_CLAIM_EARLY')
    await net.mine(evidence + 1)
    // two wei are nobody's: the first claim burns them, which is no reason to sell a stranger a claim of nothing
    refused(await task('stranger', 'claim', taskId), 'E_NOTHING_DUE')
    expect(dataOf(await task('alice', 'claim', taskId))['amountWei']).equal(String(42n / 4n))
    expect(dataOf(await task('alice', 'release', taskId))['released']).length(4)
  })

  it('expired tasks give everything back without a word from the client', async () => {
    const { taskId, deadline } = await signedUp()
    await net.mineTo(deadline + net.deployment.windows.reorgDepth + FORM_WINDOW - 1)
    refused(await task('alice', 'release', taskId), 'E_TASK_RUNNING')
    await net.mine(1)
    expect(dataOf(await task('alice', 'release', taskId))['released']).length(4)
    const { escrowWei } = dataOf(await run('status', taskId))
    expect(dataOf(await task('client', 'claim', taskId))['amountWei']).equal(escrowWei)
  })

  it('sign-ups that were not drawn are released before the others', async () => {
    const { joinDeadline } = await testTask(net)
    const taskId = await publishTask(net, { joinDeadline, minNodes: 4, maxNodes: 4 })
    for (const { operator, key } of net.nodes) await joinTask(operator, taskId, key.address)
    for (const index of [4, 5]) {
      const extra = await registeredNode(net.client, index)
      await joinTask(extra.operator, taskId, extra.key.address)
    }
    const seedBlock = joinDeadline + net.deployment.windows.reorgDepth
    await net.mineTo(seedBlock)
    await form(net.client, taskId, atBlock(seedBlock))
    expect(dataOf(await task('alice', 'release', String(taskId)))['released']).length(2)
    refused(await task('alice', 'release', String(taskId)), 'E_TASK_RUNNING')
  })
})
