/** `policy`, `stake allow`, `task join`, and the sign-up of `task publish`, on a chain with the real contracts. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { id } from 'ethers'
import { defaultPolicy } from '../../src/policy/policy.ts'
import type { Hex } from '../../src/types/ids.ts'
import type { TestNetwork } from '../helpers/chain.ts'
import { publishTask, STAKE_WEI, startTestNetwork } from '../helpers/chain.ts'
import { rsdpHere } from '../helpers/cli.ts'
import type { CliRun } from '../helpers/rsdp.ts'
import { errorCode } from '../helpers/rsdp.ts'

describe('an operator says what its node may sign up for', function () {
  this.timeout(300_000)
  let net: TestNetwork
  let scratch: string
  let home: string
  let key: Hex

  before(async () => {
    net = await startTestNetwork()
    scratch = mkdtempSync(join(tmpdir(), 'rsdp-consent-'))
    home = join(scratch, 'alice')
    mkdirSync(home)
    const [alice] = net.nodes
    key = alice!.key.address
    writeFileSync(join(home, 'key'), alice!.privateKey, { mode: 0o600 })
    writeFileSync(join(scratch, 'operator'), id('operator alice'), { mode: 0o600 })
  })
  after(async () => {
    await net.close()
    rmSync(scratch, { recursive: true, force: true })
  })

  const file = (name: string, value: unknown): string => {
    const path = join(scratch, name)
    writeFileSync(path, JSON.stringify(value))
    return path
  }
  const run = (...args: readonly string[]): Promise<CliRun> =>
    rsdpHere(...args, '--deployment', net.deploymentFile, '--json')
  const onChain = (...args: readonly string[]): Promise<CliRun> => run(...args, '--rpc-url', net.rpcUrl)
  const asOperator = (...args: readonly string[]): Promise<CliRun> =>
    onChain(...args, '--key-file', join(scratch, 'operator'))
  const dataOf = ({ stdout }: CliRun): Record<string, unknown> =>
    (JSON.parse(stdout) as { data: Record<string, unknown> }).data
  const failing = (given: CliRun): unknown[] =>
    (dataOf(given)['findings'] as { rule: string; holds: boolean }[])
      .filter(({ holds }) => !holds)
      .map(({ rule }) => rule)

  it('policy show: the default, the data directory’s own, the one that is named', async () => {
    expect(dataOf(await run('policy', 'show'))).deep.equal({
      source: 'default of local chains',
      policy: defaultPolicy(true),
    })
    const strict = file('strict.json', defaultPolicy(false))
    const named = await run('policy', 'show', '--data-dir', home, '--policy', strict)
    expect(dataOf(named)).deep.equal({ source: strict, policy: defaultPolicy(false) })
    const own = { ...defaultPolicy(true), lockPercentTotal: 7 }
    writeFileSync(join(home, 'policy.json'), JSON.stringify(own))
    expect(dataOf(await run('policy', 'show', '--data-dir', home))['policy']).deep.equal(own)
    rmSync(join(home, 'policy.json'))
  })

  it('a file that is not a policy is refused, by every command that reads one (2)', async () => {
    const wrong = file('wrong.json', { ...defaultPolicy(true), lock: 10 })
    const missing = join(scratch, 'missing.json')
    for (const path of [wrong, missing]) {
      for (const command of ['show', 'explain']) {
        const given = await run('policy', command, '--policy', path)
        expect([given.code, errorCode(given)]).deep.equal([2, 'E_POLICY'])
      }
      const node = await rsdpHere(
        ...['node', 'run', '--data-dir', home, '--policy', path, '--listen', '/ip4/127.0.0.1/tcp/0'],
        ...['--rpc-url', net.rpcUrl, '--deployment', net.deploymentFile],
      )
      expect([node.code, errorCode(node)]).deep.equal([2, 'E_POLICY'])
    }
  })

  it('policy check: every rule; exit 3 if one says no', async () => {
    const taskId = String(await publishTask(net, { stakePerNode: 10n * STAKE_WEI }))
    const loose = await onChain('policy', 'check', taskId, '--data-dir', home)
    expect([loose.code, failing(loose)]).deep.equal([0, []])
    const strict = file('strict.json', defaultPolicy(false))
    const given = await onChain('policy', 'check', taskId, '--data-dir', home, '--policy', strict)
    expect(given.code).equal(3)
    expect(failing(given)).deep.equal(['lock-per-task', 'lock-total', 'lock-pending'])
    const none = await onChain('policy', 'check', '99', '--data-dir', home)
    expect([none.code, errorCode(none)]).deep.equal([3, 'E_NO_TASK'])
  })

  it('stake allow: the wallet bounds the key, task join is the wallet’s own', async () => {
    const swapped = await asOperator('stake', 'allow', key, '200wei', '100wei')
    expect([swapped.code, errorCode(swapped)]).deep.equal([2, 'E_ALLOW'])
    const dry = await asOperator('stake', 'allow', key, '0', '0', '--dry-run')
    expect(dataOf(dry)).deep.include({ dryRun: true, transaction: null })
    expect(dry.stderr).match(/locks nothing by itself/)
    await asOperator('stake', 'allow', key, '0', '0')
    const taskId = String(await publishTask(net))
    expect(failing(await onChain('policy', 'check', taskId, '--data-dir', home))).deep.equal(['allowance'])
    const joined = await asOperator('task', 'join', taskId, key)
    expect(joined.code, joined.stderr).equal(0)
    expect(joined.stderr).match(/twin none/)
    expect(await net.connection.contracts.board.signupsOf(taskId)).length(1)
    const status = dataOf(await onChain('stake', 'status', '--operator', key))
    expect(status['keys']).deep.equal([{ key, perTaskWei: '0', totalWei: '0', runningWei: '0' }])
    const doctor = await onChain('doctor', '--data-dir', home, '--listen', '/ip4/127.0.0.1/tcp/0')
    const checks = dataOf(doctor)['checks'] as { name: string; verdict: string }[]
    expect(checks.find(({ name }) => name === 'allowance')?.verdict).equal('warn')
    expect(checks.find(({ name }) => name === 'policy')?.verdict).equal('ok')
  })

  it('task join says so where a twin is its client’s own', async () => {
    const twin = net.deployment.contracts.Slasher.address
    const taskId = String(await publishTask(net, { twin, stateCap: 200 }))
    const dry = await asOperator('task', 'join', taskId, key, '--dry-run')
    expect(dry.stderr).match(/twin FOREIGN/)
    expect(failing(await onChain('policy', 'check', taskId, '--data-dir', home))).include('twin')
  })

  it('task publish: sign-up is long enough for nodes to see the task, or refused (2)', async () => {
    const { reorgDepth } = net.deployment.windows
    const publish = (...args: string[]): Promise<CliRun> =>
      onChain('task', 'publish', '--nodes', '4', '--dry-run', ...args)
    const head = await net.connection.provider.getBlockNumber()
    const { joinDeadline } = dataOf(await publish())['params'] as { joinDeadline: number }
    // and one block for each sign-up
    expect(joinDeadline - head).at.least(Math.max(20, 2 * reorgDepth) + 4)
    const unseen = await publish('--join-blocks', String(reorgDepth))
    expect([unseen.code, errorCode(unseen)]).deep.equal([2, 'E_JOIN_BLOCKS'])
    expect((await publish('--join-blocks', String(reorgDepth + 1))).code).equal(0)
  })

  it('task publish: the client sets the prices, or is told what is no amount (2)', async () => {
    const publish = (...args: string[]): Promise<CliRun> =>
      onChain('task', 'publish', '--nodes', '4', '--dry-run', ...args)
    const wrong = await publish('--form-gas-price', '2gwei')
    expect([wrong.code, errorCode(wrong)]).deep.equal([2, 'E_AMOUNT'])
    const prices = ['--stake', '50', '--reward', '0.2', '--checkpoint-fee', '0', '--form-gas-price', '2e9wei']
    const { params, escrowWei } = dataOf(await publish('--heights', '10', ...prices)) as {
      params: Record<string, unknown>
      escrowWei: string
    }
    expect(params).include({ stakePerNode: '50000000000000000000', rewardPerHeight: '200000000000000000' })
    expect(params).include({ checkpointFee: '0', formGasPrice: '2000000000' })
    // ten heights, and the drawing of four seats from a full list of sign-ups
    const drawing = 2_000_000_000n * BigInt(320_000 + 8_600 * 16 + 18_600 * 4)
    expect(BigInt(escrowWei)).equal(2n * 10n ** 18n + drawing)
  })
})
