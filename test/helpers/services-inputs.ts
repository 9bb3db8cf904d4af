import type { Observed, ServicesPolicy } from '../../src/services/services.ts'

export const POLICY: ServicesPolicy = {
  metrics: { cpu: 6400, memory: 25_600, throughput: 40_000, transactions: 10_000 },
  health: {
    phiSuspect: 1000,
    detectionMs: 3000,
    reachMs: 2000,
    lossOmission: 200,
    crashHeights: 2,
    dampAt: 2000,
    reuseAt: 750,
    halfLifeMs: 60_000,
  },
  placement: {
    strategy: 'resource-aware',
    threshold: 800,
    hysteresis: 50,
    movesMax: 10,
    windowMs: 60_000,
    settleMs: 30_000,
    actMs: 60_000,
    staleHeights: 10,
    reserve: 0,
    targetLoad: 800,
  },
  deadlock: { victim: 'least-work' },
}

const capacity = { cpu: 800, memory: 1600, throughput: 1000, transactions: 300 }

/** An input of a member that is idle and has measured nobody. */
export function observed(more: Partial<Observed>): Observed {
  const own = { capacity, cpu: 0, memory: 0, throughput: 0, transactions: 0, lockContention: 0 }
  return {
    kind: 'observed',
    clock: { clockMs: 1000 },
    metrics: { own: [own], peers: [] },
    health: { incarnation: 1, isDraining: 'no', peers: [] },
    placement: { tier: 'core', region: 0, reports: [] },
    deadlock: { waits: [] },
    ...more,
  }
}
