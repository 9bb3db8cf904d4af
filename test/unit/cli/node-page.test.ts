import { expect } from 'chai'
import type { NodeRunOptions } from '../../../src/cli/node-options.ts'
import { openNodePage } from '../../../src/cli/ui/node-page.ts'
import { failure } from '../../helpers/chain-rpc.ts'

const optionsOf = (more: Partial<NodeRunOptions>): NodeRunOptions =>
  ({ rpcUrl: 'http://127.0.0.1:1', ...more }) as NodeRunOptions

describe('dashboard of a node', () => {
  it('is not served unless it is asked for', async () => {
    expect(await openNodePage(optionsOf({ rpcUrl: 'https://rpc.example/v3/secret' }))).equal(null)
  })

  it('tells nobody an RPC URL that may keep a secret, and does not repeat it', async () => {
    for (const rpcUrl of [
      'https://rpc.example/v3/5ec2e7',
      'https://rpc.example/?key=5ec2e7',
      'https://user:5ec2e7@rpc.example',
      'https://5ec2e7@rpc.example',
      'https://rpc.example/#5ec2e7',
      'https://rpc.example/v3/5ec2e7 http://127.0.0.1:8545',
    ]) {
      const error = await failure(openNodePage(optionsOf({ rpcUrl, uiPort: 0 })))
      expect(error, rpcUrl).include({ code: 'E_UI_RPC' })
      expect(`${String(error)} ${JSON.stringify(error)}`).not.include('5ec2e7')
    }
    const uiRpcUrl = 'http://user:5ec2e7@127.0.0.1:8545'
    expect(await failure(openNodePage(optionsOf({ uiRpcUrl, uiPort: 0 })))).include({ code: 'E_UI_RPC' })
  })
})
