import { VERDICTS } from '../../audit/report.ts'
import type { MetricSpecs } from '../../ports/metrics.ts'

/** What `rsdp audit follow --metrics-port` serves. */
export const FOLLOW_METRICS = {
  rsdp_audit_up: { kind: 'gauge', help: '1 if the last look at the chain succeeded, else 0' },
  rsdp_audit_alarms_total: {
    kind: 'counter',
    help: 'Lies found: facts on chain that do not fit, and convictions of members',
    labels: { kind: ['finding', 'conviction'] },
  },
  rsdp_audit_checkpoints_total: {
    kind: 'counter',
    help: 'Checkpoints audited, by verdict',
    labels: { verdict: VERDICTS },
  },
  rsdp_audit_heights: { kind: 'gauge', help: 'Last height whose checkpoint was audited' },
  rsdp_audit_lag_blocks: {
    kind: 'gauge',
    help: 'Blocks from the one up to which was audited to the head of the chain',
  },
  rsdp_audit_failures_total: {
    kind: 'counter',
    help: 'Looks at the chain that failed, by the reason',
    labels: { reason: ['down', 'limit', 'logs', 'fork', 'state', 'other'] },
  },
  rsdp_audit_reorgs_total: {
    kind: 'counter',
    help: 'Re-orgs deeper than the depth that the deployment counts with',
  },
  rsdp_audit_webhook_total: {
    kind: 'counter',
    help: 'Messages to the webhook, by what became of them',
    labels: { result: ['delivered', 'failed'] },
  },
  rsdp_audit_duration_seconds: {
    kind: 'histogram',
    help: 'Time that one audit took, reading and judging',
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
  },
} as const satisfies MetricSpecs

export type FollowMetric = keyof typeof FOLLOW_METRICS
