import { inspect } from 'node:util'
import { expect } from 'chai'
import { Contract, JsonRpcProvider, id } from 'ethers'
import { deployTwins } from '../../src/adapters/hardhat/deploy-twins.ts'
import type { DevChain } from '../../src/adapters/hardhat/dev-chain.ts'
import { startDevChain } from '../../src/adapters/hardhat/dev-chain.ts'
import type { Hex } from '../../src/types/ids.ts'
import { failure } from '../helpers/chain-rpc.ts'
import { TWINNED_IDS } from '../helpers/twin-cases.ts'

/** Params and an input that only this reducer's twin takes. */
const SOUND: Readonly<Record<string, readonly [params: string, input: string]>> = {
  'rate-limit@1': [`0x${'ff'.repeat(16)}`, `0x${'00'.repeat(8)}01${'00'.repeat(17)}`],
  'time-slots@1': ['0x08', `0x${'00'.repeat(41)}01${'00'.repeat(17)}`],
  'popular-value@1': ['0x', `0x${'00'.repeat(65)}01${'00'.repeat(33)}`],
  'median@1': [`0x${'00'.repeat(32)}`, `0x${'00'.repeat(16)}01${'00'.repeat(17)}`],
  'weighted-vote@1': [`0x${'01'.repeat(16)}`, `0x${'00'.repeat(72)}01${'00'.repeat(33)}${'01'.repeat(8)}`],
}

describe('deployment of the twins: Ignition over HTTP', () => {
  let chain: DevChain
  before(async () => {
    chain = await startDevChain({ port: 0, blockMs: 0 })
  })
  after(() => chain.close())

  it('a deployer without money: E_DEPLOY', async () => {
    const error = await failure(deployTwins({ rpcUrl: chain.rpcUrl, deployerKey: id('poor') as Hex }))
    expect(error.code).equal('E_DEPLOY')
  })

  it('nobody there: E_DEPLOY, without what is secret in the URL', async () => {
    const gone = await startDevChain({ port: 0, blockMs: 0 })
    await gone.close()
    const rpcUrl = `http://127.0.0.1:${gone.port}/t0ken`
    const error = await failure(deployTwins({ rpcUrl, deployerKey: id('anybody') as Hex }))
    expect(error.code).equal('E_DEPLOY')
    expect(inspect(error, { depth: 10 })).not.include('t0ken')
  })

  it('puts the twin of every stock reducer at the address named', async () => {
    const twins = await deployTwins({ rpcUrl: chain.rpcUrl, deployerKey: chain.accounts[0]!.privateKey })
    expect(Object.keys(twins)).deep.equal(TWINNED_IDS)
    const provider = new JsonRpcProvider(chain.rpcUrl)
    for (const [reducer, address] of Object.entries(twins)) {
      const twin = new Contract(address, ['function validate(bytes, bytes) view returns (bool)'], provider)
      for (const [other, [params, input]] of Object.entries(SOUND))
        expect(await twin.getFunction('validate')(params, input), `${reducer} ${other}`).equal(
          reducer === other,
        )
    }
    provider.destroy()
  })
})
