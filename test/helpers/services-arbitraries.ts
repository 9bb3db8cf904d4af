import fc from 'fast-check'
import { FLAGS } from '../../src/services/health/codec.ts'
import type { HealthObservation } from '../../src/services/health/codec.ts'
import type { MetricsObservation, OwnSample } from '../../src/services/metrics/codec.ts'
import { u16s } from './services-cluster.ts'

const permille = fc.integer({ min: 0, max: 1000 })
const capacity = fc.record({ cpu: u16s, memory: u16s, throughput: u16s, transactions: u16s })

export const ownSamples: fc.Arbitrary<OwnSample> = fc.record({
  capacity,
  cpu: permille,
  memory: u16s,
  throughput: u16s,
  transactions: u16s,
  lockContention: permille,
})

/** What a member of a cluster of n may say: of itself or not, and of any of the seats. */
export function metricsObservations(n: number): fc.Arbitrary<MetricsObservation> {
  const peers = fc
    .array(fc.option(fc.record({ latency: u16s, loss: permille })), { minLength: n, maxLength: n })
    .map((samples) => samples.flatMap((sample, member) => (sample === null ? [] : [{ member, ...sample }])))
  return fc.record({ own: fc.array(ownSamples, { maxLength: 1 }), peers })
}

/** What a member of a cluster of n may say of the others: half of them sound alive. */
export function healthObservations(n: number): fc.Arbitrary<HealthObservation> {
  const quiet = fc.record({ phi: u16s, silenceMs: u16s })
  const loud = fc.record({
    phi: fc.integer({ min: 0, max: 800 }),
    silenceMs: fc.integer({ min: 0, max: 1500 }),
  })
  const peers = fc
    .array(fc.option(fc.oneof(loud, quiet), { freq: 8 }), { minLength: n, maxLength: n })
    .map((said) => said.flatMap((one, member) => (one === null ? [] : [{ member, ...one }])))
  return fc.record({ incarnation: fc.nat(9), isDraining: fc.constantFrom(...FLAGS), peers })
}
