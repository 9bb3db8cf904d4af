import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { peerIdFromString } from '@libp2p/peer-id'
import { expect } from 'chai'
import { id } from 'ethers'
import { devAccounts } from '../../src/adapters/hardhat/dev-accounts.ts'
import { writeKeyFile } from '../../src/adapters/keys/key-file.ts'
import { addressFromPeerId } from '../../src/adapters/libp2p/identity.ts'
import { keyOrAddress } from '../../src/cli/account.ts'
import { fromHex } from '../../src/codec/hex.ts'
import { refuseTestKey } from '../../src/cli/local/test-keys.ts'
import type { Hex } from '../../src/types/ids.ts'
import { RsdpError } from '../../src/types/errors.ts'
import type { TestNetwork } from '../helpers/chain.ts'
import { startTestNetwork } from '../helpers/chain.ts'
import { rsdpHere } from '../helpers/cli.ts'
import type { CliRun } from '../helpers/rsdp.ts'
import { errorCode } from '../helpers/rsdp.ts'

const ONE = 10n ** 18n
/** For tests: a password is not guessed here. */
const SCRYPT_N = 2

interface Stake {
  readonly freeWei: string
  readonly walletWei: string
  readonly unbondingWei: string
}
const dataOf = ({ stdout }: CliRun): Record<string, unknown> =>
  (JSON.parse(stdout) as { data: Record<string, unknown> }).data
const stakeOf = (run: CliRun): Stake => dataOf(run)['stake'] as Stake

describe('operators move their stake and register nodes', function () {
  this.timeout(300_000)
  let net: TestNetwork
  let scratch: string
  let wallet: string[]
  const stake = (...args: readonly string[]): Promise<CliRun> =>
    rsdpHere('stake', ...args, ...chain(), ...wallet, '--json')
  const chain = (): string[] => ['--rpc-url', net.rpcUrl, '--deployment', net.deploymentFile]

  before(async () => {
    net = await startTestNetwork({ nodes: 1 })
    scratch = mkdtempSync(join(tmpdir(), 'rsdp-stake-'))
    const password = join(scratch, 'pw')
    const file = join(scratch, 'operator.json')
    writeFileSync(password, 'correct horse\n', { mode: 0o600 })
    await writeKeyFile(file, fromHex(devAccounts(6)[5]!.privateKey), 'correct horse', SCRYPT_N)
    wallet = ['--key-file', file, '--password-file', password]
  })
  after(async () => {
    await net.close()
    rmSync(scratch, { recursive: true, force: true })
  })

  it('shows what a deposit does and sends nothing with --dry-run', async () => {
    const run = await stake('deposit', '5', '--dry-run')
    expect(run.code, run.stderr).equal(0)
    expect(dataOf(run)).deep.include({ dryRun: true, amountWei: String(5n * ONE), transactions: [] })
    expect(run.stderr).match(/free +0 RSDP → 5 RSDP/)
    expect(stakeOf(await stake('deposit', '5', '--dry-run')).freeWei).equal('0')
  })

  it('deposits, unbonds, and withdraws when the time has come, not before', async () => {
    const deposited = await stake('deposit', '5')
    expect(stakeOf(deposited)).deep.include({ freeWei: String(5n * ONE), walletWei: '0' })

    const tooMuch = await stake('unbond', '5.5')
    expect([tooMuch.code, errorCode(tooMuch)]).deep.equal([3, 'E_STAKE_FREE'])
    const none = await stake('withdraw')
    expect([none.code, errorCode(none)]).deep.equal([3, 'E_NOTHING_DUE'])

    const unbonded = await stake('unbond', '2e18wei')
    expect(dataOf(unbonded)['tranche']).equal('0')
    expect(stakeOf(unbonded)).deep.include({ freeWei: String(3n * ONE), unbondingWei: String(2n * ONE) })
    const early = await stake('withdraw', '0')
    expect([early.code, errorCode(early)]).deep.equal([3, 'E_NOTHING_DUE'])
    const wrong = await stake('withdraw', '7')
    expect([wrong.code, errorCode(wrong)]).deep.equal([3, 'E_TRANCHE'])

    await net.mineTo(Number(dataOf(unbonded)['unbondingEndsAt']) - 1)
    const withdrawn = await stake('withdraw')
    expect(withdrawn.code, withdrawn.stderr).equal(0)
    expect(stakeOf(withdrawn)).deep.include({ unbondingWei: '0', walletWei: String(2n * ONE) })
    const again = await stake('withdraw', '0')
    expect([again.code, errorCode(again)]).deep.equal([3, 'E_TRANCHE'])
  })

  it('status knows an operator by its signing key', async () => {
    const [node] = net.nodes
    const run = await rsdpHere('stake', 'status', '--operator', node!.key.address, ...chain(), '--json')
    expect(dataOf(run)['operator']).equal(node!.operator.address)
  })

  it('a node’s key is registered with its addresses, once', async () => {
    const dir = join(scratch, 'node')
    const password = join(scratch, 'pw')
    const key = await writeKeyFile(join(dir, 'key'), fromHex(id('node') as Hex), 'correct horse', SCRYPT_N)
    const node = ['--data-dir', dir, '--node-password-file', password]
    const announce = (address: string): Promise<CliRun> =>
      rsdpHere(
        'node',
        'register',
        ...node,
        '--announce',
        address,
        '--stake',
        '1',
        ...chain(),
        ...wallet,
        '--json',
      )
    for (const address of ['127.0.0.1:9', '/ip4/127.0.0.1/tcp/9/p2p/16Uiu2HAmJiAzNothing']) {
      const refused = await announce(address)
      expect([refused.code, errorCode(refused)], address).deep.equal([2, 'E_MULTIADDR'])
    }
    const registered = await announce('/ip4/127.0.0.1/tcp/9')
    expect(registered.code, registered.stderr).equal(0)
    expect(dataOf(registered)['key']).equal(key)
    const [address] = dataOf(registered)['addresses'] as string[]
    expect(addressFromPeerId(peerIdFromString(address!.split('/p2p/')[1]!))).equal(key)
    const twice = await announce('/ip4/127.0.0.1/tcp/9')
    expect([twice.code, errorCode(twice)]).deep.equal([3, 'E_KEY_REGISTERED'])
  })

  it('init makes an encrypted key, and never a second one in its place', async () => {
    const dir = join(scratch, 'fresh')
    const init = (): Promise<CliRun> =>
      rsdpHere('node', 'init', '--data-dir', dir, '--password-file', join(scratch, 'pw'), '--json')
    const made = await init()
    expect(made.code, made.stderr).equal(0)
    expect(keyOrAddress(join(dir, 'key'))).equal(dataOf(made)['key'])
    const over = await init()
    expect([over.code, errorCode(over)]).deep.equal([3, 'E_KEY_EXISTS'])
  })

  it('a task has a status and no result yet', async () => {
    const published = await rsdpHere('task', 'publish', ...chain(), '--json')
    const id = String(dataOf(published)['taskId'])
    const status = await rsdpHere('task', 'status', id, ...chain(), '--json')
    expect(dataOf(status)).deep.include({ taskId: id, status: 'Open', height: 0, resultHash: null })
    const result = await rsdpHere('task', 'result', id, ...chain(), '--json')
    expect([result.code, errorCode(result)]).deep.equal([5, 'E_NOT_FINAL'])
    const none = await rsdpHere('task', 'status', '99', ...chain())
    expect([none.code, errorCode(none)]).deep.equal([3, 'E_NO_TASK'])
  })

  it('doctor finds what a node lacks', async () => {
    const dir = join(scratch, 'node')
    const run = await rsdpHere(
      'doctor',
      '--data-dir',
      dir,
      '--listen',
      '/ip4/127.0.0.1/tcp/0',
      ...chain(),
      '--json',
    )
    expect(run.code).equal(3)
    const checks = dataOf(run)['checks'] as { name: string; verdict: string }[]
    const verdicts = Object.fromEntries(checks.map(({ name, verdict }) => [name, verdict]))
    expect(verdicts).deep.include({
      chain: 'ok',
      contracts: 'ok',
      key: 'ok',
      port: 'ok',
      stake: 'ok',
      gas: 'fail',
    })
    const down = await rsdpHere(
      'doctor',
      '--rpc-url',
      'http://127.0.0.1:1',
      '--deployment',
      net.deploymentFile,
    )
    expect(down.code).equal(4)
  })

  it('public test keys are for local chains only', () => {
    const key = fromHex(devAccounts(1)[0]!.privateKey)
    refuseTestKey(key, true)
    try {
      refuseTestKey(key, false)
      expect.fail('taken')
    } catch (error) {
      expect(error).instanceOf(RsdpError)
      expect((error as RsdpError).code).equal('E_TEST_KEY')
    }
  })
})
