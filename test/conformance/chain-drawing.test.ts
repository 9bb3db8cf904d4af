import { expect } from 'chai'
import { id } from 'ethers'
import { connect } from '../../src/adapters/evm/connect.ts'
import type { EvmChain } from '../../src/adapters/evm/evm-chain.ts'
import { openConnection } from '../../src/adapters/evm/open-connection.ts'
import { approve, faucet, publish } from '../../src/adapters/evm/operator.ts'
import { Wallet } from '../../src/adapters/evm/wallet.ts'
import type { DevAccount } from '../../src/adapters/hardhat/dev-accounts.ts'
import { devAccounts } from '../../src/adapters/hardhat/dev-accounts.ts'
import { deployContracts } from '../../src/adapters/hardhat/deploy.ts'
import type { Digest } from '../../src/types/ids.ts'
import type { Anvil } from '../helpers/anvil.ts'
import { anvilProgram, startAnvil } from '../helpers/anvil.ts'
import type { TestNetwork } from '../helpers/chain.ts'
import { joinTask, registeredNode, testTask } from '../helpers/chain.ts'
import { skip } from '../helpers/skip.ts'
import { atBlock } from '../helpers/moments.ts'

/** More than BLOCKHASH serves. */
const LATER = 300

describe('the drawing on a chain with EIP-2935 (anvil)', function () {
  this.timeout(180_000)
  let anvil: Anvil | null = null
  let chain: EvmChain | null = null

  before(async function () {
    const program = anvilProgram()
    if (program === null) return skip(this, 'no anvil for this machine')
    anvil = await startAnvil(program, 3_600_000)
  })
  after(async () => {
    chain?.close()
    await anvil?.close()
  })

  it('H-2: is proved by a header that no BLOCKHASH knows any more', async () => {
    const { rpcUrl } = anvil as Anvil
    const [deployer, payer] = devAccounts() as readonly [DevAccount, DevAccount]
    const nonce = id('drawing') as Digest
    const deployment = await deployContracts({ rpcUrl, deployerKey: deployer.privateKey, nonce })
    expect(deployment.chance).equal('local')
    const connection = await openConnection({ rpcUrl, deployment })
    const client = new Wallet(connection, payer.privateKey)
    await faucet(client, client.address, 10n ** 12n)
    await approve(client, 'TaskBoard', 10n ** 12n)
    const nodes = []
    for (let i = 0; i < 4; i += 1) nodes.push(await registeredNode(client, i))
    const params = await testTask({ nodes, connection } as unknown as TestNetwork)
    const { taskId } = await publish(client, params)
    for (const { operator, key } of nodes) await joinTask(operator, taskId, key.address)
    const node = await connect({ rpcUrl, deployment, privateKey: nodes[0]!.privateKey })
    chain = node
    expect(await connection.contracts.board.formWindow()).equal(8_191n)
    const seedBlock = params.joinDeadline + node.reorgDepth
    const missing = seedBlock + LATER - (await node.head())
    await connection.provider.send('anvil_mine', [`0x${missing.toString(16)}`])
    expect((await connection.header(seedBlock)).fork).equal('Prague')
    const other = await node.prepareForm(taskId, atBlock(seedBlock + 1))
    expect(await node.send(other)).deep.equal({ kind: 'reverted', error: 'NotTheHeader' })
    const outcome = await node.send(await node.prepareForm(taskId, atBlock(seedBlock)))
    expect(outcome.kind).equal('mined')
    expect(await node.taskStatus(taskId)).equal('Active')
    connection.close()
  })
})
