import type { ServicesPolicy } from './services.ts'

/**
 * A policy to begin with: the document's figures where it has some (detection 3 s, moves above 80 % of use, fewer than ten a
 * minute, optimisation every 60 s), and a node of at most 64 cores, 256 GB, 40 Gbit/s.
 */
export const DEFAULT_POLICY: ServicesPolicy = {
  metrics: { cpu: 6400, memory: 25_600, throughput: 40_000, transactions: 10_000 },
  health: {
    phiSuspect: 1000,
    detectionMs: 3000,
    reachMs: 2000,
    lossOmission: 200,
    crashHeights: 2,
    dampAt: 2000,
    reuseAt: 750,
    halfLifeMs: 600_000,
  },
  trust: { floor: 50, fallMax: 100, riseMax: 20, observersMin: 3 },
  placement: {
    strategy: 'resource-aware',
    threshold: 800,
    hysteresis: 50,
    movesMax: 10,
    windowMs: 60_000,
    settleMs: 60_000,
    actMs: 60_000,
    staleHeights: 10,
    reserve: 100,
    targetLoad: 800,
  },
  replication: { generation: 0, leaseMs: 6000, watchMs: 60_000, failoversMax: 8 },
  deadlock: { victim: 'least-work' },
  models: { margin: 20, streak: 10, trial: 60, changesMax: 3 },
}
