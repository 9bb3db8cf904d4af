import { expect } from 'chai'
import { eventOf, fromFile } from '../../../src/cli/services/service-file.ts'
import { summaryOf, summaryText } from '../../../src/cli/services/summary.ts'
import { services } from '../../../src/services/services.ts'
import type { Agreed } from '../../../src/services/services.ts'
import { NIL } from '../../../src/types/ids.ts'
import { membersOf } from '../../helpers/services-cluster.ts'
import { observed, POLICY } from '../../helpers/services-inputs.ts'

const members = membersOf([1, 1, 1, 1, 1])
const SERVICE = fromFile({
  ...{ service: 3, kind: 'counter', tier: 'core', spread: 'node', priority: 5, criticality: 0.5, calls: [] },
  copies: { min: 2, max: 2 },
  needs: { cores: 0.5, memoryGb: 0.25, transactionsPerSecond: 10 },
})

/** A height in which all see each other; the hosts of a service report that it runs. */
function next(previous: Uint8Array, height: number): Agreed {
  const events = [{ seq: 1, kind: 'posted' as const, data: eventOf(SERVICE) }]
  const before = services.state.decode(previous)
  const inputs = members.map((_, member) => {
    const peers = members.flatMap((_, peer) => (peer === member ? [] : [peer]))
    const isHost =
      before?.kind === 'agreed' && before.placement.instances.some((row) => row.member === member)
    return {
      member,
      state: observed({
        clock: { clockMs: 1000 * height },
        metrics: {
          own: observed({}).metrics.own,
          peers: member === 4 ? [] : peers.map((peer) => ({ member: peer, latency: 123, loss: 20 })),
        },
        health: {
          ...{ incarnation: 1, isDraining: 'no' as const },
          peers: peers.map((peer) => ({ member: peer, phi: 0, silenceMs: 0 })),
        },
        placement: {
          ...{ tier: 'core' as const, region: 0 },
          reports: isHost ? [{ service: 3, report: 'running' as const, load: 7 }] : [],
        },
      }),
    }
  })
  const context = { seed: NIL, height, members, previous, events }
  const state = services.aggregateStatus(inputs, POLICY, context)
  if (state.kind !== 'agreed') throw new Error('no state')
  return state
}

describe('services show', () => {
  it('says in units of people who is alive, hosts what and is primary', () => {
    const first = next(new Uint8Array(), 1)
    const summary = summaryOf(next(services.state.encode(first), 2))
    expect(summary).deep.include({ heights: 2, agreedMs: 2000 })
    expect(summary.members[0]).deep.include({
      ...{ member: 0, verdict: 'up', tier: 'core', cores: 8, memoryGb: 16, latencyMs: 12.3, loss: 0.02 },
    })
    const [service] = summary.services
    expect(service).deep.include({ service: 3, kind: 'counter', standing: 'placed', group: null })
    expect(service?.needs).deep.equal({ cores: 0.5, memoryGb: 0.25, transactionsPerSecond: 10 })
    expect(service?.copiesNow.map(({ phase, load }) => ({ phase, load }))).deep.equal([
      { phase: 'running', load: 7 },
      { phase: 'running', load: 7 },
    ])
    expect(service?.copiesNow.map(({ member }) => member)).include(service?.primary)
    expect(summaryText(summary))
      .match(/12\.3 ms/)
      .and.match(/counter +placed/)
  })

  it('what nobody has measured is no number', () => {
    const state = next(new Uint8Array(), 1)
    const rows = state.metrics.rows.map((row) => ({ ...row, latency: 0xffff, loss: 0xffff }))
    const { members: shown } = summaryOf({ ...state, metrics: { rows } })
    expect(shown[0]).deep.include({ latencyMs: null, loss: null })
  })
})
