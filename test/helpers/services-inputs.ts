import { DEFAULT_POLICY } from '../../src/services/policy.ts'
import { NO_MODELS } from '../../src/services/sentinel/models.ts'
import type { Observed, ServicesPolicy } from '../../src/services/services.ts'

/** The policy to begin with, with shorter memories and nothing in reserve: cases are reckoned by hand. */
export const POLICY: ServicesPolicy = {
  ...DEFAULT_POLICY,
  health: { ...DEFAULT_POLICY.health, halfLifeMs: 60_000 },
  placement: { ...DEFAULT_POLICY.placement, settleMs: 30_000, reserve: 0 },
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
    trust: { peers: [] },
    placement: { tier: 'core', region: 0, reports: [] },
    replication: { reports: [] },
    deadlock: { waits: [] },
    models: NO_MODELS,
    ...more,
  }
}
