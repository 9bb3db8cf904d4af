/** `account`: who acts for an operator and where it is paid, on a chain with the real contracts. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { computeAddress, id } from 'ethers'
import { form, fund } from '../../src/adapters/evm/operator.ts'
import type { Address } from '../../src/types/ids.ts'
import type { TestNetwork } from '../helpers/chain.ts'
import { atBlock } from '../helpers/moments.ts'
import { joinTask, publishTask, startTestNetwork, testTask } from '../helpers/chain.ts'
import { rsdpHere } from '../helpers/cli.ts'
import type { CliRun } from '../helpers/rsdp.ts'
import { errorCode } from '../helpers/rsdp.ts'
import { forgetTransactions } from '../helpers/state-home.ts'

const WHO = { alice: id('operator alice'), bob: id('operator bob'), next: id('next'), spare: id('spare') }
type Who = keyof typeof WHO
const addressOf = (who: Who): Address => computeAddress(WHO[who]).toLowerCase() as Address
const TILL: Address = `0x${'71'.repeat(20)}`
const OPERATOR = addressOf('alice')

describe('an operator changes its wallet and where it is paid', function () {
  this.timeout(300_000)
  let net: TestNetwork
  let scratch: string
  let snapshot: string

  before(async () => {
    net = await startTestNetwork()
    scratch = mkdtempSync(join(tmpdir(), 'rsdp-account-'))
    for (const [name, key] of Object.entries(WHO)) writeFileSync(join(scratch, name), key, { mode: 0o600 })
    for (const who of ['next', 'spare'] as const) await fund(net.client, addressOf(who), 10n ** 18n)
  })
  after(async () => {
    await net.close()
    rmSync(scratch, { recursive: true, force: true })
  })
  beforeEach(forgetTransactions)
  beforeEach(async () => (snapshot = (await net.connection.provider.send('evm_snapshot', [])) as string))
  afterEach(() => net.connection.provider.send('evm_revert', [snapshot]))

  const chain = (): string[] => ['--rpc-url', net.rpcUrl, '--deployment', net.deploymentFile, '--json']
  const run = (who: Who, ...args: readonly string[]): Promise<CliRun> =>
    rsdpHere(...args, ...chain(), '--key-file', join(scratch, who))
  const account = (who: Who, ...args: readonly string[]): Promise<CliRun> => run(who, 'account', ...args)
  const dataOf = ({ code, stdout, stderr }: CliRun): Record<string, unknown> => {
    expect(code, stderr).equal(0)
    return (JSON.parse(stdout) as { data: Record<string, unknown> }).data
  }
  const refused = (given: CliRun, code: string, exit = 3): void =>
    void expect([given.code, errorCode(given)], given.stderr).deep.equal([exit, code])
  const handOver = async (): Promise<void> => {
    dataOf(await account('alice', 'offer', addressOf('next')))
    dataOf(await account('next', 'accept', OPERATOR))
  }

  it('refuses what cannot be, with a hint, and sends nothing', async () => {
    refused(await account('next', 'show'), 'E_NO_ACCOUNT')
    refused(await account('next', 'payout', TILL), 'E_NO_ACCOUNT')
    refused(await account('next', 'offer', addressOf('spare')), 'E_NO_ACCOUNT')
    refused(await account('alice', 'payout', 'nowhere'), 'E_USAGE', 2)
    const { NodeRegistry } = net.deployment.contracts
    refused(await account('alice', 'payout', NodeRegistry.address), 'E_PAYOUT', 2)
    refused(await account('alice', 'offer', addressOf('bob')), 'E_WALLET_TAKEN')
    refused(await account('alice', 'offer', net.nodes[0]!.key.address), 'E_WALLET_IS_KEY')
    refused(await account('next', 'accept', OPERATOR), 'E_NOT_OFFERED')
    refused(await account('next', 'accept', addressOf('spare')), 'E_NO_ACCOUNT')
  })

  it('shows an account by its id, its wallet and a signing key', async () => {
    await handOver()
    const [{ key }] = net.nodes as [(typeof net.nodes)[0]]
    for (const address of [OPERATOR, addressOf('next'), key.address]) {
      const shown = dataOf(await rsdpHere('account', 'show', address, ...chain()))
      expect(shown).include({ operator: OPERATOR, wallet: addressOf('next'), payout: addressOf('next') })
      expect(shown['offeredTo']).equal(null)
    }
  })

  it('changes nothing by a dry run, by an offer, or by one that was taken back', async () => {
    const dry = await account('alice', 'payout', TILL, '--dry-run')
    expect(dataOf(dry)).include({ dryRun: true, transaction: null })
    expect(dry.stderr).contain(`${OPERATOR} → ${TILL}`)
    dataOf(await account('alice', 'offer', addressOf('next'), '--dry-run'))
    refused(await account('next', 'accept', OPERATOR), 'E_NOT_OFFERED')
    dataOf(await account('alice', 'offer', addressOf('next')))
    dataOf(await account('next', 'accept', OPERATOR, '--dry-run'))
    const offered = { operator: OPERATOR, wallet: OPERATOR, payout: OPERATOR, offeredTo: addressOf('next') }
    expect(dataOf(await account('alice', 'show'))).include(offered)
    dataOf(await account('alice', 'offer', 'nobody'))
    refused(await account('next', 'accept', OPERATOR), 'E_NOT_OFFERED')
  })

  it('hands over: the new wallet does what the old one did, and that one nothing', async () => {
    await handOver()
    refused(await run('alice', 'stake', 'deposit', '1'), 'E_WALLET_REPLACED')
    refused(await run('alice', 'stake', 'unbond', '1wei'), 'E_WALLET_REPLACED')
    refused(await account('alice', 'payout', TILL), 'E_NO_ACCOUNT')
    refused(await account('next', 'offer', OPERATOR), 'E_WALLET_TAKEN')
    const stake = dataOf(await run('next', 'stake', 'deposit', '7wei'))['stake']
    expect(stake).include({ operator: OPERATOR, wallet: addressOf('next') })
    dataOf(await account('next', 'payout', TILL))
    const { tranche } = dataOf(await run('next', 'stake', 'unbond', '7wei'))
    await net.mine(net.deployment.windows.unbonding)
    dataOf(await run('next', 'stake', 'withdraw', String(tranche)))
    expect(await net.connection.contracts.token.balanceOf(TILL)).equal(7n)
    // back at the wallet
    expect(dataOf(await account('next', 'payout', 'wallet'))['account']).include({
      payout: addressOf('next'),
    })
  })

  it('is paid where the new wallet says for a task in whose middle it was handed over; the audit agrees', async () => {
    const { joinDeadline } = await testTask(net)
    const taskId = await publishTask(net, { joinDeadline })
    for (const { operator, key } of net.nodes) await joinTask(operator, taskId, key.address)
    const seedBlock = joinDeadline + net.deployment.windows.reorgDepth
    await net.mineTo(joinDeadline)
    dataOf(await rsdpHere('task', 'revoke', String(taskId), ...chain(), '--key-file', keyOfClient()))
    await net.mineTo(seedBlock)
    await form(net.client, taskId, atBlock(seedBlock))
    await handOver()
    dataOf(await account('next', 'payout', TILL))
    const { closeGrace, evidence } = net.deployment.windows
    await net.mine(closeGrace + evidence + 1)
    // the first claim books what is burnt, whoever sends it
    dataOf(await run('bob', 'task', 'claim', String(taskId)))
    refused(await run('alice', 'task', 'claim', String(taskId)), 'E_NOTHING_DUE')
    const claimed = dataOf(await run('next', 'task', 'claim', String(taskId)))
    expect(claimed).include({ operator: OPERATOR, payout: TILL, amountWei: String(42n / 4n) })
    expect(await net.connection.contracts.token.balanceOf(TILL)).equal(42n / 4n)
    const audit = await rsdpHere('audit', String(taskId), ...chain())
    expect(audit.code, audit.stderr).equal(0)
  })

  const keyOfClient = (): string => {
    const file = join(scratch, 'client')
    writeFileSync(file, net.chain.accounts[1]!.privateKey, { mode: 0o600 })
    return file
  }
})
