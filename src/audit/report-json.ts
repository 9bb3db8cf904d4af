import type { AuditReport } from './report.ts'
import type { ReportJson } from './report-schema.ts'
import { fieldPath } from './report.ts'
import type { Ended } from './end.ts'
import type { Money } from './settle.ts'

/** The report as plain JSON data: the `data` of the command's envelope. Logs are counted, not listed. */
export function reportJson(report: AuditReport): ReportJson {
  const {
    cluster,
    findings,
    unavailable,
    logs,
    taskId,
    chainId,
    convictions,
    penalties,
    end,
    money,
    seam,
    ...rest
  } = report
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
    end: end === null ? null : endJson(end),
    money: money === null ? null : moneyJson(money),
    seam: seam === null ? null : { ...seam, predecessor: seam.predecessor.toString() },
    findings: findings.map((finding) => ({ path: fieldPath(finding), ...finding })),
    unavailable: unavailable.map((item) => ({ path: fieldPath(item), ...item })),
    transitionsByMember: [...logs].map(([member, entries]) => ({ member, transitions: entries.length })),
  }
}

const text = (amount: bigint): string => amount.toString()

function endJson({ closedAt, claimsOpenAt, revoked, ...end }: Ended): ReportJson['end'] {
  const { status, because, idle } = end
  const number = (value: bigint | undefined): number | null => (value === undefined ? null : Number(value))
  return {
    ...{ status, because, idle, revoked: number(revoked ?? undefined) },
    ...{ closedAt: number(closedAt?.number), closedTime: number(closedAt?.time) },
    ...{ claimsOpenAt: number(claimsOpenAt?.number), claimsOpenTime: number(claimsOpenAt?.time) },
  }
}

/** Amounts are text: they outgrow numbers. */
function moneyJson({ movements, left, ...sums }: Money): ReportJson['money'] {
  const { escrow, paid, burntPay, inEscrow, locked, freed, credited, burntStake, inLocks } = sums
  return {
    ...{ escrow: text(escrow), paid: text(paid), burntPay: text(burntPay), inEscrow: text(inEscrow) },
    ...{ locked: text(locked), freed: text(freed), credited: text(credited) },
    ...{ burntStake: text(burntStake), inLocks: text(inLocks) },
    movements: movements.map(({ amount, ...movement }) => ({ ...movement, amount: text(amount) })),
    left: left.map(({ amount, ...balance }) => ({ ...balance, amount: text(amount) })),
  }
}
