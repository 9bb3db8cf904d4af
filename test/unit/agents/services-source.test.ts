import { expect } from 'chai'
import { VirtualClock } from '../../../src/adapters/memory/clock.ts'
import { MemoryHub } from '../../../src/adapters/memory/transport.ts'
import { Channel } from '../../../src/agents/channel.ts'
import { ownSample } from '../../../src/agents/own-sample.ts'
import { PeerWatch } from '../../../src/agents/peer-watch.ts'
import { ServicesSource } from '../../../src/agents/services-source.ts'
import type { MachineSample } from '../../../src/ports/sampler.ts'
import { U16_MAX } from '../../../src/services/fields.ts'
import { services } from '../../../src/services/services.ts'
import type { Address } from '../../../src/types/ids.ts'

const SEATS = ['11', '22', '33'].map((byte): Address => `0x${byte.repeat(20)}`)
const MACHINE: MachineSample = {
  cores: 1.5,
  coresUsed: 0.25,
  memoryBytes: 8e9,
  memoryUsedBytes: 3.339e9,
  linkMbits: null,
  networkMbits: 12.9,
  eventLoopDelayMs: 0,
}
const NO_USE = { transactions: 0, lockContention: 0 }

describe('own sample', () => {
  it('is in the units of the table, and no larger than they can say', () => {
    const { cpu, memory, throughput, capacity } = ownSample(MACHINE, {}, NO_USE)
    expect({ cpu, memory, throughput }).deep.equal({ cpu: 250, memory: 333, throughput: 12 })
    expect(capacity).deep.include({ cpu: 150, memory: 800 })
    const vast = { ...MACHINE, cores: 1e6, memoryBytes: Infinity, coresUsed: 7 }
    expect(ownSample(vast, {}, NO_USE).capacity).deep.include({ cpu: U16_MAX, memory: U16_MAX })
    expect(ownSample(vast, {}, NO_USE).cpu).equal(1000)
  })

  it('what the operator declares counts before what is measured', () => {
    const declared = { cpu: 400, transactions: 150 }
    expect(ownSample(MACHINE, declared, NO_USE).capacity).deep.include({ ...declared, memory: 800 })
  })
})

describe('services source', () => {
  function source(sample: MachineSample | null): ServicesSource {
    const [, self] = SEATS
    const watch = new PeerWatch(new VirtualClock(), new Channel(new MemoryHub('auto').createTransport(self!)))
    return new ServicesSource({
      host: { tier: 'edge', region: 3, capacity: {} },
      ...{ incarnation: 5, sampler: { sample: () => sample }, watch, clockMs: () => 1_000, seats: SEATS },
      ...{ self: 1, heights: 10, isOver: false, onPosted: () => undefined, onDecided: () => undefined },
      onOver: () => undefined,
      supervisor: {
        reports: () => [{ service: 7, report: 'running', load: 5 }],
        replicas: () => [],
        waits: () => [],
      },
    })
  }

  it('brings a state that the reducer accepts, with a word on each other member and none on itself', async () => {
    const bytes = await source(MACHINE).observe()
    const input = services.state.decode(bytes)
    if (input?.kind !== 'observed') throw new Error('no input')
    expect(services.validate(input, {} as never)).equal(true)
    expect(input.health).deep.equal({
      ...{ incarnation: 5, isDraining: 'no' },
      peers: [0, 2].map((member) => ({ member, phi: 0, silenceMs: 0 })),
    })
    expect(input.trust.peers).deep.equal([0, 2].map((member) => ({ member, score: 1000, cause: 'none' })))
    expect(input.metrics.own).length(1)
    expect(input.metrics.peers, 'no link is measured yet').deep.equal([])
    expect(input.placement).deep.equal({
      ...{ tier: 'edge', region: 3 },
      reports: [{ service: 7, report: 'running', load: 5 }],
    })
    expect(input.metrics.own[0]?.transactions).equal(5)
  })

  it('says nothing of its machine before there is something to say', async () => {
    const input = services.state.decode(await source(null).observe())
    expect(input?.kind === 'observed' && input.metrics.own).deep.equal([])
  })
})
