import type { AuditReport } from './report.ts'
import { fieldPath } from './report.ts'

/** The report as plain JSON data: the `data` of the command's envelope. Logs are counted, not listed. */
export function reportJson(report: AuditReport): Readonly<Record<string, unknown>> {
  const { cluster, findings, unavailable, logs, taskId, chainId, convictions, penalties, ...rest } = report
  return {
    taskId: taskId.toString(),
    chainId: chainId.toString(),
    ...rest,
    cluster:
      cluster === null
        ? null
        : { id: cluster.id, seed: cluster.seed, totalWeight: cluster.totalWeight, members: cluster.members },
    convictions: convictions.map((one) => ({ ...one, height: one.height.toString() })),
    penalties: penalties.map(({ amount, credited, ...one }) => ({
      ...one,
      amount: amount.toString(),
      credited: credited === null ? null : { ...credited, amount: credited.amount.toString() },
    })),
    findings: findings.map((finding) => ({ path: fieldPath(finding), ...finding })),
    unavailable: unavailable.map((item) => ({ path: fieldPath(item), ...item })),
    transitionsByMember: [...logs].map(([member, entries]) => ({ member, transitions: entries.length })),
  }
}
