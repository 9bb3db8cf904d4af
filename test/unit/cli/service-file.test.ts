import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import fc from 'fast-check'
import { stringify } from 'yaml'
import type { OrderedService } from '../../../src/cli/services/service-file.ts'
import {
  eventOf,
  fromFile,
  readServices,
  requirePossible,
  servicesSchema,
  TEMPLATE,
  toFile,
} from '../../../src/cli/services/service-file.ts'
import {
  CALLS_MAX,
  COPIES_MAX,
  KINDS,
  orderIn,
  SPREADS,
  TIERS,
} from '../../../src/services/placement/spec.ts'
import { MODES } from '../../../src/services/replication/terms.ts'
import { DEFAULT_POLICY } from '../../../src/services/policy.ts'
import type { RsdpError } from '../../../src/types/errors.ts'
import { holdsAsync } from '../../helpers/holds.ts'
import { CONSISTENCIES } from '../../../src/types/store-request.ts'

const u16 = fc.nat(65_535)
const ordered: fc.Arbitrary<OrderedService> = fc
  .record({
    kind: fc.constantFrom(...KINDS),
    service: fc.integer({ min: 1, max: 65_535 }),
    tier: fc.constantFrom(...TIERS),
    spread: fc.constantFrom(...SPREADS),
    priority: fc.nat(10),
    copies: fc.tuple(fc.integer({ min: 1, max: COPIES_MAX }), fc.integer({ min: 1, max: COPIES_MAX })),
    needs: fc.record({ cpu: u16, memory: u16, transactions: u16 }),
    criticality: fc.nat(1000),
    calls: fc.array(fc.integer({ min: 1, max: 65_535 }), { maxLength: CALLS_MAX }),
    terms: fc.record({ mode: fc.constantFrom(...MODES), consistency: fc.constantFrom(...CONSISTENCIES) }),
  })
  .map(({ copies, calls, terms, ...spec }) => ({
    spec: {
      ...spec,
      copiesMin: Math.min(...copies),
      copiesMax: Math.max(...copies),
      calls: [...calls, ...Array<number>(CALLS_MAX - calls.length).fill(0)],
    },
    terms: spec.kind === 'store' ? terms : null,
  }))

describe('services file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rsdp-services-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'services.yaml')
  const read = (text: string): ReturnType<typeof readServices> => {
    writeFileSync(path, text)
    return readServices(path)
  }
  const one =
    'service: 1, kind: counter, copies: { min: 1, max: 2 }, needs: { cores: 1, memoryGb: 1, transactionsPerSecond: 1 }'

  for (const [what, text] of [
    ['no services', 'services: []'],
    ['an unknown key', `services: [{ ${one}, image: nginx }]`],
    ['an unknown key of the file', `services: [{ ${one} }]\nversion: 1`],
    ['a kind that does not exist', `services: [{ ${one.replace('counter', 'container')} }]`],
    ['service 0', `services: [{ ${one.replace('service: 1', 'service: 0')} }]`],
    ['more copies at least than at most', `services: [{ ${one.replace('min: 1', 'min: 3')} }]`],
    ['more copies than there can be', `services: [{ ${one.replace('max: 2', 'max: 17')} }]`],
    ['needs below nothing', `services: [{ ${one.replace('cores: 1', 'cores: -1')} }]`],
    ['needs that the state cannot say', `services: [{ ${one.replace('memoryGb: 1', 'memoryGb: 0.001')} }]`],
    ['a store without terms', `services: [{ ${one.replace('counter', 'store')} }]`],
    ['terms without a store', `services: [{ ${one}, terms: { mode: n-way, consistency: strong } }]`],
  ] as const)
    it(`refuses ${what}`, async () => {
      const error: unknown = await read(text).catch((reason: unknown) => reason)
      expect((error as RsdpError).code).equal('E_SERVICES')
    })

  it('refuses needs that no node may have under the policy of the task', async () => {
    const wanted = await read(`services: [{ ${one.replace('cores: 1', 'cores: 65')} }]`)
    expect(() => requirePossible(wanted, DEFAULT_POLICY.metrics))
      .throw()
      .property('code', 'E_SERVICES')
    requirePossible(
      await read(`services: [{ ${one.replace('cores: 1', 'cores: 64')} }]`),
      DEFAULT_POLICY.metrics,
    )
  })

  it('the template is a file that is read', async () => {
    expect((await read(TEMPLATE)).map(({ spec }) => spec.kind)).deep.equal(['store', 'counter'])
  })

  it('whatever can be ordered: file → order → event of the ledger → order → file is the same', async () => {
    await holdsAsync(
      fc.asyncProperty(ordered, async (service) => {
        const [back] = await read(stringify(servicesSchema.parse({ services: [toFile(service)] })))
        expect(back).deep.equal(service)
        const order = orderIn({ seq: 1, kind: 'posted', data: eventOf(service) })
        const { spec, terms } = service
        expect(order).deep.equal({ order: 'put', spec, ...(terms === null ? {} : { terms }) })
        expect(fromFile(toFile(service))).deep.equal(service)
      }),
      100,
    )
  })
})
