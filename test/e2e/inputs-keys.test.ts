import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { id } from 'ethers'
import { writeKeyFile } from '../../src/adapters/keys/key-file.ts'
import { createKeyring } from '../../src/adapters/keys/keyring.ts'
import { peerIdOfKey } from '../../src/cli/local/peer-id.ts'
import { fromHex } from '../../src/codec/hex.ts'
import type { Address, Hex } from '../../src/types/ids.ts'
import type { ChainNode, TestNetwork } from '../helpers/chain.ts'
import { startTestNetwork } from '../helpers/chain.ts'
import { rsdpHere } from '../helpers/cli.ts'
import type { CliRun } from '../helpers/rsdp.ts'
import { errorCode } from '../helpers/rsdp.ts'

/** For tests: a password is not guessed here. */
const SCRYPT_N = 2
const PASSWORD = 'correct horse'

const dataOf = ({ stdout }: CliRun): Record<string, unknown> =>
  (JSON.parse(stdout) as { data: Record<string, unknown> }).data
const warningsOf = ({ stdout }: CliRun): string[] => (JSON.parse(stdout) as { warnings: string[] }).warnings

describe('keys and addresses of registered nodes', function () {
  this.timeout(300_000)
  let net: TestNetwork
  let scratch: string
  let alice: ChainNode
  let bob: ChainNode

  before(async () => {
    net = await startTestNetwork({ nodes: 2, blockMs: 300 })
    ;[alice, bob] = net.nodes as [ChainNode, ChainNode]
    scratch = mkdtempSync(join(tmpdir(), 'rsdp-inputs-'))
    file('pw', `${PASSWORD}\n`)
    for (const name of ['alice', 'bob']) file(`${name}.json`, id(`operator ${name}`))
  })
  after(async () => {
    await net.close()
    rmSync(scratch, { recursive: true, force: true })
  })

  const at = (name: string): string => join(scratch, name)
  function file(name: string, text: string): string {
    writeFileSync(at(name), text, { mode: 0o600 })
    return at(name)
  }
  const here = (...words: readonly string[]): Promise<CliRun> =>
    rsdpHere(...words, '--rpc-url', net.rpcUrl, '--deployment', net.deploymentFile, '--json')
  const as = (operator: string, ...words: readonly string[]): Promise<CliRun> =>
    here(...words, '--key-file', at(`${operator}.json`))
  const refused = (run: CliRun, exit: number, code: string): void =>
    void expect([run.code, errorCode(run)], run.stderr).deep.equal([exit, code])
  const statusOf = async (key: Address): Promise<number> =>
    Number(await net.connection.contracts.registry.keyStatus(key))
  const head = (): Promise<number> => net.connection.provider.getTransactionCount(alice.operator.address)

  describe('update-addresses', () => {
    it('refuses what nobody would dial, other people’s keys, and keys that nobody has registered', async () => {
      const before = await head()
      const key = alice.key.address
      for (const address of [
        '/ip4/0.0.0.0/tcp/9',
        '/ip4/1.2.3.4/udp/9',
        '/dnsaddr/a.b',
        '/ip4/1.2.3.4/tcp/0',
      ])
        refused(await as('alice', 'node', 'update-addresses', key, '--announce', address), 2, 'E_MULTIADDR')
      refused(await as('bob', 'node', 'update-addresses', key), 3, 'E_NOT_OPERATOR')
      refused(await as('alice', 'node', 'update-addresses', alice.operator.address), 3, 'E_KEY_UNREGISTERED')
      expect(await head()).equal(before)
    })

    it('sends nothing with --dry-run, then what peers dial, by the operator or by the key itself', async () => {
      const key = alice.key.address
      const peer = peerIdOfKey(fromHex(alice.privateKey))
      const words = ['node', 'update-addresses', key, '--announce', '/ip4/127.0.0.1/tcp/19100']
      const dry = await as('alice', ...words, '--dry-run')
      expect(dataOf(dry)).deep.include({ dryRun: true, transaction: null })
      expect(dataOf(dry)['addresses']).deep.equal([`/ip4/127.0.0.1/tcp/19100/p2p/${peer}`])
      const { registry } = net.connection.contracts
      const told = async (): Promise<number> =>
        (await registry.queryFilter(registry.filters.AddressesUpdated(key))).length
      const before = await told()
      expect((await as('alice', ...words)).code).equal(0)
      file('key', alice.privateKey)
      const own = await here('node', 'update-addresses', at('key'), '--key-file', at('key'))
      expect(own.code, own.stderr).equal(0)
      expect(await told()).equal(before + 2)
    })

    it('warns of a name that does not resolve here', async () => {
      const words = [
        'node',
        'update-addresses',
        alice.key.address,
        '--announce',
        '/dns4/nobody.invalid/tcp/9',
      ]
      const run = await as('alice', ...words, '--dry-run')
      expect([run.code, warningsOf(run).length]).deep.equal([0, 1])
    })
  })

  it('rotate-key puts the key of a new data directory in the place of the old one, once', async () => {
    const next = await writeKeyFile(at('next/key'), fromHex(id('next') as Hex), PASSWORD, SCRYPT_N)
    const words = ['node', 'rotate-key', alice.key.address, '--data-dir', at('next')]
    const rotate = (...more: readonly string[]): Promise<CliRun> =>
      as('alice', ...words, '--node-password-file', at('pw'), ...more)
    refused(await as('alice', ...words), 2, 'E_NEEDS_INPUT')
    refused(await rotate('--announce', '/ip4/224.0.0.1/tcp/9'), 2, 'E_MULTIADDR')
    expect(dataOf(await rotate('--dry-run'))).deep.include({ dryRun: true, newKey: next })
    expect(await statusOf(alice.key.address)).equal(1)
    const done = await rotate()
    expect(done.code, done.stderr).equal(0)
    expect([await statusOf(alice.key.address), await statusOf(next)]).deep.equal([3, 1])
    refused(await rotate(), 3, 'E_KEY_STATUS')
    refused(await as('alice', 'node', 'freeze', alice.key.address), 3, 'E_KEY_STATUS')
  })

  it('freeze is for the operator, for ever', async () => {
    const key = bob.key.address
    refused(await as('alice', 'node', 'freeze', key), 3, 'E_NOT_OPERATOR')
    expect(dataOf(await as('bob', 'node', 'freeze', key, '--dry-run'))).deep.include({ dryRun: true })
    expect(await statusOf(key)).equal(1)
    expect((await as('bob', 'node', 'freeze', key)).code).equal(0)
    expect(await statusOf(key)).equal(2)
    refused(await as('bob', 'node', 'freeze', key), 3, 'E_KEY_STATUS')
  })

  describe('an address argument', () => {
    const odd = ['alice.eth', '0xundefined', 'vitalik', '0x12', `0x${'g'.repeat(40)}`, 'undefined', ' ']
    const commands: readonly (readonly [
      exits: readonly number[],
      words: (text: string) => readonly string[],
    ])[] = [
      [[2], (text) => ['stake', 'status', '--operator', text]],
      [[2], (text) => ['stake', 'allow', text, '0', '0']],
      [[2], (text) => ['task', 'join', '1', text]],
      [[2], (text) => ['task', 'release', '1', text]],
      [[2], (text) => ['deploy', '--token', text]],
      [[2, 3], (text) => ['fund', text, '1']],
      [[2, 3], (text) => ['node', 'freeze', text]],
      [[2, 3], (text) => ['node', 'update-addresses', text]],
      [[2, 3], (text) => ['node', 'rotate-key', text, '--data-dir', 'nowhere']],
    ]
    for (const [exits, words] of commands)
      it(`of ${words('X').slice(0, 2).join(' ')} is never looked up as a name`, async () => {
        for (const text of odd) {
          const run = await here(...words(text))
          expect(errorCode(run), `${text}: ${run.stderr}`).match(/^E_(USAGE|NO_KEY|KEY_FORMAT)$/)
          expect(exits, text).include(run.code)
          expect(run.stderr).not.match(/ENS|resolve/)
        }
      })
  })

  describe('a key file of another program, which does not say its address', () => {
    let foundry: string
    let address: Address

    before(async () => {
      address = await writeKeyFile(at('full.json'), fromHex(id('foundry') as Hex), PASSWORD, SCRYPT_N)
      const keystore = JSON.parse(readFileSync(at('full.json'), 'utf8')) as Record<string, unknown>
      delete keystore['address']
      delete keystore['x-ethers']
      foundry = file('foundry.json', JSON.stringify(keystore))
      file('odd.json', JSON.stringify({ ...keystore, address: 'alice.eth' }))
    })

    it('is listed as unknown, and its address is worked out with the password', async () => {
      const list = await rsdpHere('keys', 'list', '--keys-dir', scratch)
      expect(list.stdout)
        .match(/foundry +unknown/)
        .and.match(/odd +unknown/)
      expect(list.stdout).not.include('undefined')
      const words = ['keys', 'show', 'foundry', '--keys-dir', scratch, '--json']
      expect(dataOf(await rsdpHere(...words))).deep.include({ address: null, peerId: null })
      const opened = dataOf(await rsdpHere(...words, '--password-file', at('pw')))
      expect(opened['address']).equal(address)
    })

    it('cannot be sent to without its password: nothing is guessed', async () => {
      for (const name of ['foundry.json', 'odd.json']) {
        refused(await here('fund', at(name), '1'), 3, 'E_KEY_FORMAT')
        refused(await here('node', 'freeze', at(name)), 3, 'E_KEY_FORMAT')
      }
    })

    it('is a wallet, and can be imported; a short password is for the old file alone', async () => {
      const wallet = await here('stake', 'status', '--key-file', foundry, '--password-file', at('pw'))
      expect(dataOf(wallet)['operator']).equal(address)
      const short = file('short', 'old\n')
      await writeKeyFile(at('short.json'), fromHex(id('short') as Hex), 'old', SCRYPT_N)
      const words = ['keys', 'import', 'imported', '--keys-dir', at('made'), '--key-file', at('short.json')]
      const same = await rsdpHere(...words, '--password-file', short, '--json')
      refused(same, 3, 'E_KEY_PASSWORD')
      expect(same.stderr).include('--new-password-file')
      const run = await rsdpHere(
        ...words,
        '--password-file',
        short,
        '--new-password-file',
        at('pw'),
        '--json',
      )
      expect(run.code, run.stderr).equal(0)
      expect(dataOf(run)['address']).equal(createKeyring(fromHex(id('short') as Hex)).address)
    })
  })

  it('task publish works its time-outs out of the blocks that come, and refuses what cannot end', async () => {
    const publish = (...more: readonly string[]): Promise<CliRun> =>
      here('task', 'publish', '--nodes', '7', '--factor', '1', '--dry-run', ...more)
    const run = await publish()
    expect(run.code, run.stderr).equal(0)
    const { params, pace } = dataOf(run) as {
      params: { stallBlocks: number }
      pace: { blockMsMin: number }
    }
    // a checkpoint is due after 8 heights of 10 s
    expect(params.stallBlocks * pace.blockMsMin).greaterThan(2 * 80_000)
    expect(run.stderr).match(/timeout +checkpoints are due after 90 s \(\d+ blocks\)/)
    refused(await publish('--heights', '60000'), 2, 'E_TIMEOUTS')
  })
})
