import type { ServerResponse } from 'node:http'
import { expect } from 'chai'
import { id } from 'ethers'
import { connect } from '../../src/adapters/evm/connect.ts'
import type { ConnectOptions } from '../../src/adapters/evm/connect.ts'
import type { EvmChain } from '../../src/adapters/evm/evm-chain.ts'
import {
  addStake,
  approve,
  claim,
  faucet,
  fund,
  postEvent,
  publish,
  register,
  release,
  requestUnbond,
  withdraw,
} from '../../src/adapters/evm/operator.ts'
import { claimsOpenAt, stakeAccount, taskCount, tokenBalance } from '../../src/adapters/evm/reads.ts'
import { Wallet } from '../../src/adapters/evm/wallet.ts'
import type { PreparedCall } from '../../src/ports/chain.ts'
import { EXIT } from '../../src/types/exit-codes.ts'
import type { Hex } from '../../src/types/ids.ts'
import type { TestNetwork } from '../helpers/chain.ts'
import {
  ETHER,
  joinCall,
  joinTask,
  publishTask,
  STAKE_WEI,
  startTestNetwork,
  testTask,
} from '../helpers/chain.ts'
import type { FakeRpc, RpcRequest } from '../helpers/chain-rpc.ts'
import { failure, reply, rpcProxy } from '../helpers/chain-rpc.ts'
import { atBlock } from '../helpers/moments.ts'

const HTTP = { attempts: 2, limitedAttempts: 3, backoffMs: 1, timeoutMs: 60_000 }
const CLOSE_GRACE = 10
const EVIDENCE = 30

const NOTHING = { perTaskWei: 0n, totalWei: 0n }

describe('chain port: sending', () => {
  let net: TestNetwork
  let chain: EvmChain
  let snapshot: string
  before(async () => {
    net = await startTestNetwork()
  })
  after(() => net.close())
  beforeEach(async () => {
    snapshot = (await rpc('evm_snapshot')) as string
    chain = await connect(options())
  })
  afterEach(async () => {
    chain.close()
    await rpc('evm_setAutomine', true)
    await rpc('evm_revert', snapshot)
  })
  const rpc = (method: string, ...params: unknown[]): Promise<unknown> =>
    net.connection.provider.send(method, params)
  const options = (changes: Partial<ConnectOptions> = {}): ConnectOptions => ({
    rpcUrl: net.rpcUrl,
    deployment: net.deployment,
    privateKey: net.nodes[0]!.privateKey,
    http: HTTP,
    ...changes,
  })
  const nonceOf = (wallet: Wallet | null): Promise<number> =>
    net.connection.provider.getTransactionCount(wallet!.address)

  it('a call is mined', async () => {
    const taskId = await publishTask(net)
    const outcome = await chain.send(await joinCall(chain, taskId, net.nodes[0]!.key.address))
    expect(outcome).include({ kind: 'mined', block: await chain.head() })
    expect(outcome.kind === 'mined' ? outcome.gasUsed : 0n).above(21_000n)
    expect(await chain.signups(taskId)).deep.equal([net.nodes[0]!.key.address])
  })

  it('a call that the contract refuses costs nothing and names the error', async () => {
    const taskId = await publishTask(net)
    const before = await chain.gasBalance()
    const { key } = net.nodes[0]!
    const refused: readonly (readonly [PreparedCall, string])[] = [
      [await chain.prepareForm(taskId, atBlock(await chain.head())), 'TooEarly'],
      [await joinCall(chain, 99n, key.address), 'StatusNotAllowed'],
      [await joinCall(chain, taskId, net.nodes[1]!.key.address), 'NotAllowed'],
      [
        chain.prepareFinalize(taskId, {
          state: new Uint8Array([1]),
          previousRoot: id('a') as Hex,
          inputsRoot: id('b') as Hex,
          inputs: 15n,
        }),
        'StatusNotAllowed',
      ],
      [{ to: net.deployment.contracts.TaskBoard.address, data: '0x12345678' }, 'Reverted'],
    ]
    for (const [call, error] of refused)
      expect(await chain.send(call)).deep.equal({ kind: 'reverted', error })
    expect(await chain.gasBalance()).equal(before)
  })

  it('a checkpoint is encoded as the log reads it', async () => {
    const call = chain.prepareCheckpoint({
      taskId: 7n,
      first: 3,
      batch: `0x${'ab'.repeat(67)}`,
      bitmap: 7n,
      sharedSeq: 12,
      sharedHead: id('head') as Hex,
      exceptions: '0x01',
      notes: '0x02',
      inputs: '0x03',
      signatures: '0x04',
    })
    expect(call.to).equal(net.deployment.contracts.PhaseLog.address)
    const { log } = net.connection.contracts
    expect([...log.interface.decodeFunctionData('checkpoint', call.data)]).deep.equal([
      7n,
      3n,
      `0x${'ab'.repeat(67)}`,
      7n,
      12n,
      id('head'),
      '0x01',
      '0x02',
      '0x03',
      '0x04',
    ])
    expect(await chain.send(call)).include({ kind: 'reverted' })
  })

  it('many calls at once go one after the other, with nonces in a row', async () => {
    const before = await nonceOf(net.client)
    const block = await chain.head()
    const sent = await Promise.all([1n, 2n, 3n, 4n, 5n].map((n) => faucet(net.client, net.client.address, n)))
    expect(sent.map((done) => done.block - block)).deep.equal([1, 2, 3, 4, 5])
    expect(await nonceOf(net.client)).equal(before + 5)
  })

  it('a refused call does not hold up the next', async () => {
    const outcomes = await Promise.all([
      chain.send(await chain.prepareForm(99n, atBlock(0))),
      chain.send(await chain.prepareForm(98n, atBlock(0))),
      chain.wallet!.execute('transfer', { to: net.client.address, data: '0x' }, 1n),
    ])
    expect(outcomes[2].status).equal(1)
  })

  it('a key without money: E_FUNDS_GAS, with address and amounts', async () => {
    const poor = await connect(options({ privateKey: id('poor') as Hex }))
    const call: PreparedCall = { to: net.client.address, data: '0x' }
    const error = await failure(poor.send(call))
    expect(error).include({ code: 'E_FUNDS_GAS', exit: EXIT.precondition })
    expect(error.details).include({ address: poor.wallet!.address, hasWei: 0n })
    expect(error.details['needsWei']).above(21_000n)
    await fund(net.client, poor.wallet!.address, ETHER)
    expect((await poor.send(call)).kind).equal('mined')
    expect((await failure(poor.wallet!.submit(call, 2n * ETHER))).code).equal('E_FUNDS_GAS')
    poor.close()
  })

  it('without a key nothing is sent: E_NO_KEY', async () => {
    const reader = await connect({ rpcUrl: net.rpcUrl, deployment: net.deployment })
    expect(
      (await failure(reader.send(reader.prepareJoin(1n, net.nodes[0]!.key.address, id('terms') as Hex))))
        .code,
    ).equal('E_NO_KEY')
    reader.close()
  })

  it('not mined in time: E_TX_TIMEOUT names it, and the next call waits for it and comes after it', async () => {
    const hasty = await connect(options({ wallet: { txTimeoutMs: 100 } }))
    const nonce = await nonceOf(hasty.wallet)
    await rpc('evm_setAutomine', false)
    const error = await failure(hasty.send({ to: net.client.address, data: '0x01' }))
    expect(error).include({ code: 'E_TX_TIMEOUT', exit: EXIT.timeout })
    expect(error.details).include({ nonce, purpose: 'node' })
    const again = await failure(hasty.send({ to: net.client.address, data: '0x02' }))
    expect(again.details).include({ nonce, hash: error.details['hash'] })
    await net.mine(1)
    await rpc('evm_setAutomine', true)
    const outcome = await hasty.send({ to: net.client.address, data: '0x02' })
    expect(outcome.kind).equal('mined')
    expect(await nonceOf(hasty.wallet)).equal(nonce + 2)
    hasty.close()
  })

  it('a transaction whose fee is too low by now is replaced under its nonce, by the same call', async () => {
    const hasty = await connect(options({ wallet: { txTimeoutMs: 100 } }))
    const nonce = await nonceOf(hasty.wallet)
    await rpc('evm_setAutomine', false)
    const call: PreparedCall = { to: `0x${'21'.repeat(20)}`, data: '0x' }
    const error = await failure(hasty.wallet!.submit(call, 1n))
    await rpc('hardhat_setNextBlockBaseFeePerGas', `0x${(100n * 10n ** 9n).toString(16)}`)
    await net.mine(1)
    expect(await nonceOf(hasty.wallet)).equal(nonce)
    const replaced = await failure(hasty.wallet!.submit(call, 1n))
    expect(replaced.details['hashes']).length(2).include(error.details['hash'])
    await net.mine(1)
    await rpc('evm_setAutomine', true)
    expect((await hasty.wallet!.submit(call, 1n)).kind).equal('mined')
    expect(await nonceOf(hasty.wallet)).equal(nonce + 1)
    expect(await net.connection.provider.getBalance(call.to)).equal(1n)
    hasty.close()
  })

  it('a transaction that was given up and mined later does not block the next', async () => {
    const hasty = await connect(options({ wallet: { txTimeoutMs: 100 } }))
    await rpc('evm_setAutomine', false)
    await failure(hasty.send({ to: net.client.address, data: '0x01' }))
    await net.mine(1)
    await rpc('evm_setAutomine', true)
    expect((await hasty.send({ to: net.client.address, data: '0x02' })).kind).equal('mined')
    hasty.close()
  })

  it('what operators and clients do', async () => {
    const [alice] = net.nodes
    const { operator } = alice!
    const { connection } = net
    await approve(operator, 'NodeRegistry', 5n * STAKE_WEI)
    await faucet(operator, operator.address, STAKE_WEI)
    await addStake(operator, STAKE_WEI)
    expect(await stakeAccount(connection, operator.address)).include({
      freeWei: 11n * STAKE_WEI,
      tranches: 0n,
    })
    const { tranche, endsAt } = await requestUnbond(operator, STAKE_WEI)
    expect(await stakeAccount(connection, operator.address)).include({ unbondingWei: STAKE_WEI })
    expect((await failure(withdraw(operator, tranche))).details).include({ error: 'TooEarly' })

    const params = await testTask(net, { endBlock: (await chain.head()) + 60, minNodes: 4 })
    const { taskId } = await publish(net.client, params)
    expect(await taskCount(connection)).equal(taskId)
    expect(await postEvent(net.client, taskId, new Uint8Array([9]))).include({ seq: 1 })
    await joinTask(operator, taskId, alice!.key.address)
    expect(await claimsOpenAt(connection, taskId)).equal(null)
    await net.mineTo(params.endBlock + CLOSE_GRACE + EVIDENCE + 1)
    const before = await tokenBalance(connection, net.client.address)
    const { amountWei } = await claim(net.client, taskId)
    expect(amountWei).equal((await connection.contracts.board.task(taskId)).escrow)
    expect(await tokenBalance(connection, net.client.address)).equal(before + amountWei)
    await release(net.client, taskId, alice!.key.address)
    expect(await stakeAccount(connection, operator.address)).include({ lockedWei: 0n })
    await net.mineTo(Number(endsAt.number))
    await withdraw(operator, tranche)
    expect(await tokenBalance(connection, operator.address)).equal(STAKE_WEI)
  })

  it('refusals of the token have codes of their own', async () => {
    const params = await testTask(net)
    const dave = net.nodes[3]!.operator
    expect((await failure(publish(dave, params))).code).equal('E_ALLOWANCE')
    await approve(dave, 'TaskBoard', 10n ** 9n)
    expect((await failure(publish(dave, params))).code).equal('E_FUNDS_STAKE')
  })

  it('other refusals: E_REVERT, with the arguments in the message', async () => {
    const params = await testTask(net, { minNodes: 3 })
    const error = await failure(publish(net.client, params))
    expect(error).include({ code: 'E_REVERT', exit: EXIT.precondition })
    expect(error.message).equal('publish was refused: OutOfBounds(minNodes, 3, 4, 4)')
    const { key, operator } = net.nodes[0]!
    expect((await failure(register(operator, key, 0n, NOTHING, []))).details).include({ error: 'KeyTaken' })
    expect((await failure(register(operator, key, 0n, NOTHING, ['no address']))).code).equal('E_MULTIADDR')
  })

  describe('through an endpoint in trouble', () => {
    let proxy: FakeRpc
    let wallet: Wallet
    /** For what is not mined. */
    let hasty: Wallet
    let answer: (request: RpcRequest, response: ServerResponse) => boolean | Promise<boolean>
    let spoil: (request: RpcRequest, result: unknown) => unknown
    let through: EvmChain
    beforeEach(async () => {
      answer = () => false
      spoil = (_, result) => result
      proxy = await rpcProxy(
        net.rpcUrl,
        (request, response) => answer(request, response),
        (request, result) => spoil(request, result),
      )
      through = await connect(options({ rpcUrl: proxy.url }))
      wallet = through.wallet!
      hasty = new Wallet(through.connection, net.nodes[0]!.privateKey, { txTimeoutMs: 500 })
    })
    afterEach(async () => {
      through.close()
      await proxy.close()
    })
    const call: PreparedCall = { to: `0x${'11'.repeat(20)}`, data: '0x' }
    const forward = (request: RpcRequest): Promise<unknown> => rpc(request.method, ...request.params)

    it('the answer to the transaction is lost: it is mined once', async () => {
      const nonce = await nonceOf(wallet)
      answer = async (request, response) => {
        if (request.method !== 'eth_sendRawTransaction') return false
        await forward(request).catch(() => undefined)
        response.destroy()
        return true
      }
      expect((await wallet.submit(call, 1n)).kind).equal('mined')
      expect(await nonceOf(wallet)).equal(nonce + 1)
    })

    it('the transaction is lost: it is handed in again', async () => {
      let lost = 0
      answer = ({ method, id: request }, response) => {
        if (method !== 'eth_sendRawTransaction' || lost++ > 0) return false
        return reply(response, request, { result: id('swallowed') })
      }
      expect((await wallet.submit(call)).kind).equal('mined')
      expect(lost).equal(2)
    })

    it('the endpoint is gone after the transaction: E_RPC_DOWN, and no second one', async () => {
      const nonce = await nonceOf(wallet)
      answer = ({ method }, response) => {
        if (method !== 'eth_getTransactionReceipt') return false
        response.destroy()
        return true
      }
      expect((await failure(wallet.submit(call, 1n))).code).equal('E_RPC_DOWN')
      answer = () => false
      // it had been mined: only the answer was missing
      expect((await wallet.submit(call, 1n)).kind).equal('mined')
      expect(await nonceOf(wallet)).equal(nonce + 1)
    })

    it('a receipt that comes late: it is mined once', async () => {
      const nonce = await nonceOf(wallet)
      let asked = 0
      spoil = ({ method }, result) =>
        (method === 'eth_getTransactionReceipt' || method === 'eth_getTransactionByHash') && asked++ < 8
          ? null
          : result
      expect((await wallet.submit(call, 1n)).kind).equal('mined')
      expect(asked).greaterThan(8)
      expect(await nonceOf(wallet)).equal(nonce + 1)
    })

    it('a receipt that never comes: E_TX_TIMEOUT, and no second one', async () => {
      const nonce = await nonceOf(wallet)
      spoil = ({ method }, result) => (method === 'eth_getTransactionReceipt' ? null : result)
      for (let run = 0; run < 3; run++)
        expect((await failure(hasty.submit(call, 1n))).code).equal('E_TX_TIMEOUT')
      expect(await nonceOf(wallet)).equal(nonce + 1)
    })

    it('somebody else used the nonce: a new one is taken once that is too deep to be taken back', async () => {
      const other = new Wallet(net.connection, net.nodes[0]!.privateKey)
      let meddled = false
      answer = async ({ method }) => {
        if (method !== 'eth_sendRawTransaction' || meddled) return false
        meddled = true
        await other.submit(call, 5n)
        return false
      }
      const nonce = await nonceOf(wallet)
      const before = await net.connection.provider.getBalance(call.to)
      const error = await failure(hasty.submit(call, 7n))
      expect(error).include({ code: 'E_TX_TIMEOUT' })
      expect(error.message).match(/another program used nonce/)
      await net.mine(net.deployment.windows.reorgDepth)
      expect((await hasty.submit(call, 7n)).kind).equal('mined')
      expect(await nonceOf(wallet)).equal(nonce + 2)
      expect(await net.connection.provider.getBalance(call.to)).equal(before + 12n)
    })

    it('somebody else used the nonce of a call that contracts take once: a new one is taken at once', async () => {
      const other = new Wallet(net.connection, net.nodes[0]!.privateKey)
      let meddled = false
      answer = async ({ method }) => {
        if (method !== 'eth_sendRawTransaction' || meddled) return false
        meddled = true
        await other.submit(call, 5n)
        return false
      }
      const nonce = await nonceOf(wallet)
      expect((await through.send(call)).kind).equal('mined')
      expect(await nonceOf(wallet)).equal(nonce + 2)
    })

    it('a revert that shows only when it is mined is named', async () => {
      answer = ({ method, id: request }, response) =>
        method === 'eth_estimateGas' && reply(response, request, { result: '0x30d40' })
      expect(await through.send(await through.prepareForm(99n, atBlock(0)))).deep.equal({
        kind: 'reverted',
        error: 'StatusNotAllowed',
      })
    })

    it('too little gas is named', async () => {
      const taskId = await publishTask(net)
      answer = ({ method, id: request }, response) =>
        method === 'eth_estimateGas' && reply(response, request, { result: '0x9000' })
      const join = await joinCall(through, taskId, net.nodes[0]!.key.address)
      expect(await through.send(join)).deep.equal({ kind: 'reverted', error: 'OutOfGas' })
    })

    it('an endpoint that refuses to estimate is not taken for a revert', async () => {
      answer = ({ method, id: request }, response) =>
        method === 'eth_estimateGas' &&
        reply(response, request, { error: { code: -32_005, message: 'daily request count exceeded' } })
      expect((await failure(wallet.submit(call))).code).equal('E_RPC_LIMIT')
    })

    it('an endpoint that asks for absurd fees is not paid', async () => {
      spoil = ({ method }, result) => (method === 'eth_maxPriorityFeePerGas' ? '0xffffffffffffffff' : result)
      const submitted = await wallet.submit(call)
      const hash = submitted.kind === 'mined' ? submitted.receipt.hash : ''
      const sent = await net.connection.provider.getTransaction(hash)
      expect(sent?.maxFeePerGas).equal(500n * 10n ** 9n)
    })
  })
})
