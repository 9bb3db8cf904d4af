import { expect } from 'chai'
import { demoApplication } from '../../../src/demo/application.ts'
import type { Digest } from '../../../src/types/ids.ts'

const deploymentId: Digest = `0x${'11'.repeat(32)}`
const URL_OF_PROVIDER = 'http://127.0.0.1:1'

describe('application of the demo', () => {
  it('is not brought to tasks on a chain that is not local: its requests are made up', () => {
    expect(demoApplication(undefined, { deploymentId, isLocal: false })).to.equal(null)
  })

  it('is brought there if the operator names a provider', () => {
    const application = demoApplication(URL_OF_PROVIDER, { deploymentId, isLocal: false })
    expect(application?.reducers).to.deep.equal(['rate-limit@1', 'rate-lease@1'])
  })

  it('lends nothing without a provider', () => {
    expect(demoApplication(undefined, { deploymentId, isLocal: true })?.reducers).to.deep.equal([
      'rate-limit@1',
    ])
  })
})
