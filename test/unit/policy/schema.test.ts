import { expect } from 'chai'
import { POLICY_KEYS } from '../../../src/policy/explain.ts'
import { defaultPolicy } from '../../../src/policy/policy.ts'
import { parsePolicy } from '../../../src/policy/schema.ts'

const STRICT = defaultPolicy(false)

describe('policy file', () => {
  it('takes what the defaults print, with every key and no other', () => {
    for (const policy of [STRICT, defaultPolicy(true)]) {
      expect(parsePolicy(JSON.parse(JSON.stringify(policy)))).deep.equal({ ok: true, policy })
      expect(Object.keys(POLICY_KEYS)).members(Object.keys(policy))
    }
  })

  const bad: readonly (readonly [name: string, value: unknown, problem: RegExp])[] = [
    ['nothing', null, /^file: /],
    ['an unknown key', { ...STRICT, lockPercent: 10 }, /^unknown: lockPercent \(known: schema, chances, /],
    ['a missing key', { ...STRICT, clients: undefined }, /^clients: /],
    ['another version', { ...STRICT, schema: 2 }, /^schema: /],
    ['a share of more than everything', { ...STRICT, lockPercentTotal: 101 }, /^lockPercentTotal: /],
    ['a part of a percent', { ...STRICT, lockPercentTotal: 0.5 }, /^lockPercentTotal: /],
    ['a chance that is none', { ...STRICT, chances: ['fair'] }, /^chances.0: /],
    ['any twin', { ...STRICT, twins: ['any'] }, /^twins.0: /],
    ['a code hash as a twin', { ...STRICT, twins: [`0x${'00'.repeat(32)}`] }, /^twins.0: /],
    ['a client that is no address', { ...STRICT, clients: ['alice'] }, /^clients/],
    ['a reducer without a version', { ...STRICT, reducers: ['median'] }, /^reducers.0: /],
    ['a negative number', { ...STRICT, taskBlocksMax: -1 }, /^taskBlocksMax: /],
  ]
  for (const [name, value, problem] of bad) {
    it(`refuses ${name}`, () => {
      const parsed = parsePolicy(value)
      expect(parsed.ok).equal(false)
      expect(parsed.ok ? '' : parsed.problems[0]).match(problem)
    })
  }

  it('compares clients in lower case', () => {
    const parsed = parsePolicy({ ...STRICT, clients: ['0x70997970C51812dc3A010C7d01b50e0d17dc79C8'] })
    expect(parsed.ok && parsed.policy.clients).deep.equal(['0x70997970c51812dc3a010c7d01b50e0d17dc79c8'])
  })
})
