import { expect } from 'chai'
import type { Deployment } from '../../../src/entries/audit.ts'
import { auditTask, readComplete, reportJson, withCompleteness } from '../../../src/entries/audit.ts'
import { makeHistory } from '../../helpers/audit-history.ts'
import { failure } from '../../helpers/chain-rpc.ts'

const HASH = `0x${'11'.repeat(32)}` as const
const PROOF = {
  ...{ from: 1, to: 9, head: HASH, confirmedBy: 'you', headers: 9, provedBlocks: 1, provedLogs: 2 },
  ...{ requests: 3, faults: [], unproved: [] },
}

describe('completeness from the entry rsdp/audit', () => {
  const deployment = { fromBlock: 1, windows: { reorgDepth: 6 } } as Deployment

  it('refuses an endpoint that lacks the pinned block', async () => {
    const request = (): Promise<unknown> => Promise.resolve(null)
    const reading = readComplete({ request, deployment, taskId: 1n, head: { pinned: HASH } })
    expect((await failure(reading)).code).equal('E_HEAD')
  })

  it('refuses an endpoint whose block is not that of the second one', async () => {
    const endpoint = (hash: string) => (method: string) =>
      Promise.resolve(method === 'eth_blockNumber' ? '0x20' : { number: '0x1a', hash })
    const head = { name: 'the other', confirm: endpoint(`0x${'22'.repeat(32)}`) }
    const reading = readComplete({ request: endpoint(HASH), deployment, taskId: 1n, head })
    expect((await failure(reading)).code).equal('E_HEAD')
  })

  it('puts the proof into the report: a lie is a mismatch, a gap in the proof is unavailable', () => {
    const report = auditTask(makeHistory().history)
    const fault = { block: 3, field: 'block 3.log[0]', expected: 'a log', actual: 'none', why: 'left out' }
    const verdictWith = (more: object): unknown =>
      reportJson(withCompleteness(report, { ...PROOF, ...more })).verdict
    expect(verdictWith({})).equal('verified')
    expect(verdictWith({ faults: [fault] })).equal('mismatch')
    expect(verdictWith({ unproved: [{ block: 3, why: 'not served' }] })).equal('unavailable')
  })
})
