import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { id } from 'ethers'
import { writeKeyFile } from '../../src/adapters/keys/key-file.ts'
import { isCompiledCode } from '../../src/adapters/evm/compiled.ts'
import { fromHex } from '../../src/codec/hex.ts'
import type { Address, Hex } from '../../src/types/ids.ts'
import type { TestNetwork } from '../helpers/chain.ts'
import { ETHER, startTestNetwork } from '../helpers/chain.ts'
import { rsdpHere } from '../helpers/cli.ts'
import type { CliRun } from '../helpers/rsdp.ts'
import { errorCode, runFile } from '../helpers/rsdp.ts'

/** For tests: a password is not guessed here. */
const SCRYPT_N = 2

interface Checked {
  readonly name: string
  readonly verdict: string
  readonly text: string
}
const dataOf = ({ stdout }: CliRun): Record<string, unknown> =>
  (JSON.parse(stdout) as { data: Record<string, unknown> }).data
const hintOf = ({ stdout }: CliRun): string => (JSON.parse(stdout) as { error: { hint: string } }).error.hint

describe('what somebody meets who begins', function () {
  this.timeout(300_000)
  let net: TestNetwork
  let scratch: string
  let password: string
  let key: Address

  before(async () => {
    net = await startTestNetwork({ nodes: 0 })
    scratch = mkdtempSync(join(tmpdir(), 'rsdp-new-'))
    password = join(scratch, 'pw')
    writeFileSync(password, 'correct horse\n', { mode: 0o600 })
    key = await writeKeyFile(join(scratch, 'key'), fromHex(id('new') as Hex), 'correct horse', SCRYPT_N)
  })
  after(async () => {
    await net.close()
    rmSync(scratch, { recursive: true, force: true })
  })

  const at = (file: string): string => join(scratch, file)
  const run = (...words: readonly string[]): Promise<CliRun> =>
    rsdpHere(...words, '--rpc-url', net.rpcUrl, '--json')
  const here = (...words: readonly string[]): Promise<CliRun> =>
    run(...words, '--deployment', net.deploymentFile)
  const refused = (given: CliRun, exit: number, code: string): void =>
    void expect([given.code, errorCode(given)]).deep.equal([exit, code])

  describe('fund', () => {
    it('refuses what is no account, no currency, or more than there is', async () => {
      refused(await here('fund', '0x12', '1'), 2, 'E_USAGE')
      refused(await here('fund', at('nothing.json'), '1'), 3, 'E_NO_KEY')
      refused(await here('fund', password, '1'), 3, 'E_KEY_FORMAT')
      refused(await here('fund', at('key'), '1rsdp'), 2, 'E_AMOUNT')
      refused(await here('fund', at('key'), '0'), 2, 'E_AMOUNT')
      refused(await here('fund', at('key'), '1000000'), 3, 'E_FUNDS_GAS')
      expect(await net.connection.provider.getBalance(key)).equal(0n)
    })

    it('sends to the account of a key file, whose password it does not need, and to an address', async () => {
      const dry = await here('fund', at('key'), '0.5', '--dry-run')
      expect(dataOf(dry)).deep.include({ dryRun: true, to: key, amountWei: String(ETHER / 2n) })
      expect(await net.connection.provider.getBalance(key)).equal(0n)
      expect((await here('fund', at('key'), '0.5')).code).equal(0)
      expect((await here('fund', key, '1e17wei')).code).equal(0)
      expect(await net.connection.provider.getBalance(key)).equal((ETHER * 6n) / 10n)
    })
  })

  describe('deploy', () => {
    it('refuses a token that is none, and a file that cannot be written, before anything is sent', async () => {
      const before = await net.connection.provider.getBlockNumber()
      const file = at('deployment.json')
      const { PhaseLog } = net.deployment.contracts
      for (const token of [key, PhaseLog.address])
        refused(await run('deploy', '--token', token, '--deployment', file), 3, 'E_TOKEN')
      refused(await run('deploy', '--token', '0x12', '--deployment', file), 2, 'E_USAGE')
      refused(await run('deploy', '--deployment', join(password, 'x.json')), 3, 'E_FILE_WRITE')
      expect(await net.connection.provider.getBlockNumber()).equal(before)
    })

    it('takes a token that is there', async () => {
      const { address } = net.deployment.contracts.StakeToken
      const deployed = await run('deploy', '--token', address, '--deployment', at('own-token.json'))
      expect(deployed.code, deployed.stderr).equal(0)
      expect(dataOf(deployed)['contracts']).deep.nested.include({ 'StakeToken.address': address })
    })
  })

  describe('doctor', () => {
    const doctor = async (file: string): Promise<Record<string, Checked>> => {
      const { checks } = dataOf(await run('doctor', '--deployment', file)) as { checks: Checked[] }
      return Object.fromEntries(checks.map((check) => [check.name, check]))
    }

    it('finds the deployment to be what the source and its file say', async () => {
      const { source, built } = await doctor(net.deploymentFile)
      expect([source?.verdict, built?.verdict]).deep.equal(['ok', 'ok'])
    })

    it('names what a file says that the contracts do not', async () => {
      const { windows, contracts } = net.deployment
      const { StakeToken, PhaseLog } = contracts
      for (const [what, changed] of [
        ['evidence', { windows: { ...windows, evidence: windows.evidence + 1 } }],
        ['taskBlocksMax', { windows: { ...windows, taskBlocksMax: 1 } }],
        ['unbonding', { windows: { ...windows, unbonding: 1 } }],
        ['token', { contracts: { ...contracts, StakeToken: { ...StakeToken, address: PhaseLog.address } } }],
      ] as const) {
        const file = at('changed.json')
        writeFileSync(file, JSON.stringify({ ...net.deployment, ...changed }))
        const { built } = await doctor(file)
        expect(built?.verdict, what).equal('fail')
        expect(built?.text, what).match(new RegExp(`^${what} is `))
      }
    })

    it('knows other code from what only was built for others', async () => {
      const { provider, deployment } = net.connection
      const code = (await provider.getCode(deployment.contracts.PhaseLog.address)) as Hex
      const own = JSON.parse(readFileSync(at('own-token.json'), 'utf8')) as typeof deployment
      const other = (await provider.getCode(own.contracts.PhaseLog.address)) as Hex
      expect(other).not.equal(code)
      expect([isCompiledCode('PhaseLog', code), isCompiledCode('PhaseLog', other)]).deep.equal([true, true])
      expect(isCompiledCode('Slasher', code)).equal(false)
      expect(isCompiledCode('PhaseLog', `${code.slice(0, -2)}00` as Hex)).equal(false)
      expect(isCompiledCode('PhaseLog', code.slice(0, -2) as Hex)).equal(false)
    })
  })

  it('the password that node register misses is the node’s', async () => {
    const given = await here('node', 'register', '--data-dir', scratch)
    refused(given, 2, 'E_NEEDS_INPUT')
    expect(hintOf(given)).include('--node-password-file')
  })

  it('node status --wait gives up on a node that never comes', async () => {
    refused(await rsdpHere('node', 'status', '--data-dir', scratch, '--wait', '1', '--json'), 5, 'E_TIMEOUT')
  })

  it('config show says of a switch that says no whether it is given', async () => {
    const noJoin = async (...flags: readonly string[]): Promise<unknown> => {
      const shown = await rsdpHere('config', 'show', '--json', 'node', 'run', ...flags)
      const settings = dataOf(shown)['settings'] as { flag: string; value: string; source: string }[]
      const { value, source } = settings.find(({ flag }) => flag === '--no-join')!
      return [value, source]
    }
    expect(await noJoin()).deep.equal(['false', 'default'])
    expect(await noJoin('--no-join')).deep.equal(['true', 'flag'])
  })

  it('scripts say what is wrong with their arguments', async () => {
    const script = (name: string, ...args: readonly string[]): Promise<CliRun> =>
      runFile(`scripts/${name}.ts`, args)
    const chain = [net.rpcUrl, net.deploymentFile]
    refused(await script('start-chain', 'abc'), 2, 'E_USAGE')
    refused(await script('start-chain', '8545', '1'), 2, 'E_USAGE')
    refused(await script('start-nodes', '40', ...chain), 2, 'E_USAGE')
    refused(await script('publish-task', 'seven', '24', ...chain), 2, 'E_USAGE')
    refused(await script('audit', 'first', ...chain), 2, 'E_USAGE')
  })
})
