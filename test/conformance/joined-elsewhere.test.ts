import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { connect } from '../../src/adapters/evm/connect.ts'
import type { EvmChain } from '../../src/adapters/evm/evm-chain.ts'
import { SqliteTxJournal } from '../../src/adapters/sqlite/tx-journal.ts'
import type { TestNetwork } from '../helpers/chain.ts'
import { joinCall, joinTask, publishTask, startTestNetwork } from '../helpers/chain.ts'

/** More than there are nodes: nothing is drawn here. */
const SEATS = { minNodes: 4, maxNodes: 4 }

describe('C4: two processes with one key before the drawing', () => {
  let net: TestNetwork
  let dir: string
  const chains: EvmChain[] = []
  before(async () => {
    net = await startTestNetwork({ nodes: 1 })
    dir = mkdtempSync(join(tmpdir(), 'rsdp-elsewhere-'))
  })
  after(async () => {
    for (const chain of chains) chain.close()
    await net.close()
    rmSync(dir, { recursive: true, force: true })
  })

  /** A process with the node's key and a data directory of its own. */
  async function open(name: string): Promise<EvmChain> {
    const { privateKey, key } = net.nodes[0]!
    const { deployment, rpcUrl } = net
    const place = { chainId: deployment.chainId, deploymentId: deployment.deploymentId }
    const journal = new SqliteTxJournal({ dir: join(dir, name), ...place, account: key.address })
    const chain = await connect({ rpcUrl, deployment, privateKey, wallet: { journal } })
    chains.push(chain)
    return chain
  }

  it('the one that did not sign the key up knows it, the one that did is not in doubt, nor after a restart', async () => {
    const { address } = net.nodes[0]!.key
    const [alice, twin] = [await open('alice'), await open('twin')]
    const taskId = await publishTask(net, SEATS)
    const sent = await alice.send(await joinCall(alice, taskId, address))
    const block = sent.kind === 'mined' ? sent.block : 0
    expect((await twin.send(await joinCall(twin, taskId, address))).kind).equal('reverted')
    expect(await twin.joinedElsewhere(taskId, address, block)).equal(true)
    expect(await alice.joinedElsewhere(taskId, address, block)).equal(false)
    const next = await publishTask(net, SEATS)
    await net.mine(net.deployment.windows.reorgDepth + 1)
    expect((await alice.send(await joinCall(alice, next, address))).kind).equal('mined')
    await net.mine(net.deployment.windows.reorgDepth + 1)
    expect(await (await open('alice')).joinedElsewhere(taskId, address, block)).equal(false)
    expect(await (await open('twin')).joinedElsewhere(taskId, address, block)).equal(true)
  })

  it('a key that its operator signed up by hand is in nobody’s doubt', async () => {
    const { key, operator } = net.nodes[0]!
    const taskId = await publishTask(net, SEATS)
    await joinTask(operator, taskId, key.address)
    const block = await net.connection.provider.getBlockNumber()
    expect(await (await open('other')).joinedElsewhere(taskId, key.address, block)).equal(false)
  })
})
