/** An application with a twin of its own: the compiler, the sandbox and an EVM, over the same lists. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { id } from 'ethers'
import { fund } from '../../src/adapters/evm/operator.ts'
import { Wallet } from '../../src/adapters/evm/wallet.ts'
import type { BareEvm } from '../../src/adapters/hardhat/bare-evm.ts'
import { startBareEvm } from '../../src/adapters/hardhat/bare-evm.ts'
import { SqliteTxJournal } from '../../src/adapters/sqlite/tx-journal.ts'
import { compileTwin } from '../../src/adapters/solc/compile-twin.ts'
import { openBundle } from '../../src/cli/app/find-bundle.ts'
import type { App } from '../../src/cli/app/folder.ts'
import { buildApp, drawOf, readApp } from '../../src/cli/app/folder.ts'
import { appFiles } from '../../src/cli/app/template.ts'
import { tryTwin } from '../../src/cli/app/twin-trial.ts'
import type { TwinReport } from '../../src/cli/app/twin-trial.ts'
import { fromHex } from '../../src/codec/hex.ts'
import type { Hex } from '../../src/types/ids.ts'
import { ETHER, startTestNetwork } from '../helpers/chain.ts'
import type { TestNetwork } from '../helpers/chain.ts'
import { failure } from '../helpers/chain-rpc.ts'
import { rsdpHere } from '../helpers/cli.ts'
import type { CliRun } from '../helpers/rsdp.ts'
import { errorCode } from '../helpers/rsdp.ts'

const CASES = 60

/** The template as one whose state outlasts a height: the highest value that any member ever brought. */
function lasting(): ReadonlyMap<string, string> {
  const files = new Map(appFiles('highest', true))
  const edit = (file: string, ...changes: readonly (readonly [from: string, to: string])[]): void => {
    let text = files.get(file) ?? ''
    for (const [from, to] of changes) {
      expect(text).includes(from)
      text = text.replaceAll(from, to)
    }
    files.set(file, text)
  }
  edit(
    'reducer.ts',
    ["  id: 'highest@1',", "  id: 'highest@1',\n  uses: ['previous'],"],
    [
      'aggregateStatus: (inputs) => highest(',
      'aggregateStatus: (inputs, _params, { previous }) => since(previous, ',
    ],
    [
      'aggregateClose: (_current, remaining) => highest(',
      'aggregateClose: (_current, remaining, _params, { previous }) => since(previous, ',
    ],
    [
      '/** The highest value',
      `const state = fixedCodec(struct<State>({ value: u64 }))
const since = (previous: Uint8Array, states: readonly State[]): State => {
  const before = state.decode(previous)
  return highest(before === null ? states : [before, ...states])
}
/** The highest value`,
    ],
  )
  edit(
    'Twin.sol',
    ['Context calldata,', 'Context calldata context,'],
    ['_highest(params, inputs)', '_highest(params, context.previous, inputs)'],
    ['_highest(params, remaining)', '_highest(params, context.previous, remaining)'],
    [
      '_highest(bytes calldata params, Input[]',
      '_highest(bytes calldata params, bytes calldata previous, Input[]',
    ],
    ['bytes8 best = 0;', 'bytes8 best = previous.length == BYTES ? bytes8(previous) : bytes8(0);'],
  )
  return files
}

describe('an application with a twin', function () {
  this.timeout(120_000)
  let dir: string
  let evm: BareEvm
  let app: App
  let draw: Awaited<ReturnType<typeof drawOf>>
  const source = (): string => appFiles('hello', true).get('Twin.sol') ?? ''

  before(async () => {
    dir = mkdtempSync(join(tmpdir(), 'rsdp-app-twin-'))
    for (const [file, text] of appFiles('hello', true)) writeFileSync(join(dir, file), text)
    app = await buildApp(dir)
    draw = await drawOf(dir)
    evm = await startBareEvm()
  })
  after(async () => {
    await evm.close()
    rmSync(dir, { recursive: true, force: true })
  })

  /** Compiles another source in the folder of the application. */
  async function compiled(text: string): ReturnType<typeof compileTwin> {
    const file = join(dir, 'Other.sol')
    writeFileSync(file, text)
    return compileTwin(file)
  }

  async function tried(twin: App['twin'], withDraw = true): Promise<TwinReport> {
    const inputs = app.inputs.map(fromHex)
    const subject = {
      bundle: openBundle(app.bundle),
      params: app.params,
      inputs,
      draw: withDraw ? draw : null,
    }
    return tryTwin({ ...subject, twin: twin! }, evm, CASES)
  }
  const problems = ({ trials }: TwinReport): string[] => trials.flatMap(({ problem }) => problem ?? [])

  it('begins with a twin that answers as its bundle does', async () => {
    expect(app.twin).not.equal(null)
    expect((await readApp(dir)).twin).deep.equal(app.twin)
    for (const withDraw of [true, false]) {
      const report = await tried(app.twin, withDraw)
      expect(problems(report)).deep.equal([])
      expect(Number(report.gas)).greaterThan(100_000)
    }
  })

  for (const [name, from, to, told] of [
    [
      'refuses an input at its bound',
      '<= bytes8(params)',
      '< bytes8(params)',
      /validate of member \d+: the bundle accepts it, the twin refuses it/,
    ],
    [
      'accepts an input beyond it',
      ' && bytes8(state) <= bytes8(params)',
      ' && bytes8(params) > 0',
      /validate of member \d+: the bundle refuses it, the twin accepts it/,
    ],
    [
      'reverts where it should answer no',
      'return params.length == BYTES && state.length == BYTES &&',
      'require(params.length == BYTES && state.length == BYTES); return',
      /validate of member \d+: the bundle refuses it, the twin has no answer/,
    ],
    [
      'aggregates otherwise',
      'if (bytes8(state) > best) best',
      'if (best == 0) best',
      /aggregate(| and close): the bundle gives 0x[0-9a-f]{16}, the twin gives 0x[0-9a-f]{16}; params 0x[0-9a-f]{16}, member \d+ 0x/,
    ],
    [
      'aggregates what it refuses',
      'if (!validate(params, state)) revert BadInput();',
      '',
      /the bundle refuses member \d+, the twin gives 0x/,
    ],
    [
      'does otherwise when somebody leaves',
      'return _highest(params, remaining);',
      '_highest(params, remaining); return abi.encodePacked(bytes8(0));',
      /aggregate and close: the bundle gives/,
    ],
    [
      'needs more gas than there is',
      'bytes8 best = 0;',
      'bytes8 best = bytes8(bytes(new bytes(2 ** 30)));',
      /the bundle gives 0x[0-9a-f]+, the twin has none/,
    ],
    [
      'knows who asks',
      'bytes8 best = 0;',
      'bytes8 best = msg.sender == address(1) ? bytes8(uint64(9)) : bytes8(0);',
      /^CALLER at byte \d+: policies refuse it$/,
    ],
  ] as const) {
    it(`names the difference where the twin ${name}`, async () => {
      const text = source()
      expect(text).include(from)
      const changed = text.replace(from, to)
      const isView = name === 'knows who asks'
      const twin = await compiled(isView ? changed.replaceAll(' pure ', ' view ') : changed)
      expect(problems(await tried(twin)).join('\n')).match(told)
    })
  }

  it('names the case, which is the same in every run', async () => {
    const twin = await compiled(source().replace('<= bytes8(params)', '< bytes8(params)'))
    expect(problems(await tried(twin))).deep.equal(problems(await tried(twin)))
  })

  for (const [name, change, why] of [
    ['is no Solidity', (text: string) => text.replace('contract Twin', 'contrat Twin'), /Expected/],
    [
      'has another name',
      (text: string) => text.replace('contract Twin', 'contract Other'),
      /no contract Twin/,
    ],
    [
      'leaves a function out',
      (text: string) => text.replace('contract Twin', 'abstract contract Twin'),
      /leaves functions out/,
    ],
    [
      'is given something',
      (text: string) => text.replace('error BadInput();', 'error BadInput(); constructor(uint256) {}'),
      /no constructor/,
    ],
    [
      'writes into its code',
      (text: string) =>
        text
          .replace('error BadInput();', 'error BadInput(); uint256 immutable SOME = block.number;')
          .replace('best = 0;', 'best = bytes8(uint64(SOME));')
          .replaceAll(' pure ', ' view '),
      /immutable/,
    ],
    [
      'imports from elsewhere',
      (text: string) => text.replace('./IReducer.sol', '/etc/hostname'),
      /not in the folder of the application/,
    ],
  ] as const) {
    it(`refuses a twin that ${name}`, async () => {
      const text = change(source())
      expect(text).not.equal(source())
      const error = await failure(compiled(text))
      expect(error.code).equal('E_TWIN')
      expect(error.message).match(why)
    })
  }

  describe('on a chain', () => {
    let net: TestNetwork
    let state: string | undefined
    before(async () => {
      state = process.env['XDG_STATE_HOME']
      process.env['XDG_STATE_HOME'] = join(dir, 'state')
      net = await startTestNetwork({ nodes: 0 })
    })
    after(async () => {
      if (state === undefined) delete process.env['XDG_STATE_HOME']
      else process.env['XDG_STATE_HOME'] = state
      await net.close()
    })

    const onChain = (...args: string[]): Promise<CliRun> =>
      rsdpHere(...args, '--rpc-url', net.rpcUrl, '--deployment', net.deploymentFile, '--json')
    const dataOf = (run: CliRun): Record<string, unknown> => {
      expect(run.code, run.stderr).equal(0)
      return (JSON.parse(run.stdout) as { data: Record<string, unknown> }).data
    }
    const publish = (...args: string[]): Promise<CliRun> => onChain('app', 'publish', dir, ...args)
    const task = (): Promise<CliRun> =>
      onChain('task', 'publish', '--app', dir, '--provable', '--nodes', '4', '--dry-run')

    it('app publish creates the twin once, and tasks name it', async () => {
      const early = await task()
      expect([early.code, errorCode(early)]).deep.equal([3, 'E_NO_TWIN'])
      expect(dataOf(await publish('--dry-run'))).deep.include({ sent: 0, twin: null })
      const first = dataOf(await publish())
      expect(first['sent']).equal(2)
      const at = String(first['twin'])
      expect(await net.connection.provider.getCode(at)).equal(app.twin?.runtime)
      expect(dataOf(await publish())).deep.include({ sent: 0, twin: at })
      expect((dataOf(await task())['params'] as { twin: string }).twin).equal(at)
      // built anew with other code, it is another twin
      const text = source().replace(
        'uint256 private constant BYTES = 8;',
        'uint256 private constant BYTES = 9;',
      )
      writeFileSync(join(dir, 'Twin.sol'), text)
      await buildApp(dir)
      expect(errorCode(await task())).equal('E_NO_TWIN')
      writeFileSync(join(dir, 'Twin.sol'), source())
      await buildApp(dir)
      expect((dataOf(await task())['params'] as { twin: string }).twin).equal(at)
    })

    it('line open --provable names it in every task of the line', async () => {
      const folder = mkdtempSync(join(dir, 'lasting-'))
      for (const [file, text] of lasting()) writeFileSync(join(folder, file), text)
      const built = await buildApp(folder)
      expect(built.usesPrevious).equal(true)
      const subject = {
        bundle: openBundle(built.bundle),
        params: built.params,
        draw: null,
        twin: built.twin!,
      }
      const report = await tryTwin({ ...subject, inputs: built.inputs.map(fromHex) }, evm, CASES)
      expect(problems(report)).deep.equal([])

      const size = ['--nodes', '4', '--heights', '8', '--budget', '5000', '--yes']
      const open = (...args: string[]): Promise<CliRun> =>
        onChain('line', 'open', '--app', folder, ...size, ...args)
      const twinOfFirst = async (opened: CliRun): Promise<string | undefined> => {
        const line = String(dataOf(opened)['line'])
        const { taskId } = dataOf(await onChain('line', 'renew', line, '--yes'))
        const { board } = net.connection.contracts
        const [published] = await board.queryFilter(board.filters.TaskPublished(String(taskId)))
        return published?.args.params.twin.toLowerCase()
      }
      expect(errorCode(await open('--provable'))).equal('E_NO_TWIN')
      const twin = dataOf(await onChain('app', 'publish', folder))['twin']
      expect(await twinOfFirst(await open('--provable'))).equal(twin)
      expect(await twinOfFirst(await open())).equal(`0x${'00'.repeat(20)}`)

      rmSync(join(folder, 'Twin.sol'))
      await buildApp(folder)
      expect(errorCode(await open('--provable'))).equal('E_NO_TWIN')
    })

    it('a creation whose command was interrupted is not sent again', async () => {
      const { chainId, deploymentId } = net.deployment
      const privateKey = id('author') as Hex
      const account = new Wallet(net.connection, privateKey).address
      await fund(net.client, account, ETHER)
      const opened = (): Wallet => {
        const journal = new SqliteTxJournal({ dir: join(dir, 'journals'), chainId, deploymentId, account })
        return new Wallet(net.connection, privateKey, { journal })
      }
      const creation = { to: null, data: app.twin!.creation }
      const interrupted = opened()
      const made = await interrupted.execute('twin', creation)
      // the end of its process does that
      interrupted.journal.unlock()
      const again = opened()
      expect((await again.execute('twin', creation)).contractAddress).equal(made.contractAddress)
      await again.release(true)
      expect(await net.connection.provider.getTransactionCount(account)).equal(1)
      const other = opened()
      expect((await other.execute('twin', creation)).contractAddress).not.equal(made.contractAddress)
      await other.release(true)
    })
  })

  it('makes the same code of the same source, whatever its comments', async () => {
    expect(await compiled(`// another comment\n${source()}`)).deep.equal(app.twin)
  })
})
