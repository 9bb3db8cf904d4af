import type { Completeness } from '../ports/completeness.ts'
import type { AuditReport, Finding, Unavailable } from './report.ts'

/** An audit with what was proved about the logs that it was given: a lie is a finding, a gap in the proof is unavailable. */
export function withCompleteness(report: AuditReport, proof: Completeness): AuditReport {
  const findings: Finding[] = proof.faults.map(({ field, expected, actual, why }) => ({
    ...{ step: 'complete', where: '', field, expected, actual, why },
  }))
  const unavailable: Unavailable[] = proof.unproved.map(({ block, why }) => ({
    ...{ step: 'complete', where: '', field: `block ${block}`, why },
  }))
  const verdict =
    findings.length > 0
      ? 'mismatch'
      : unavailable.length > 0 && report.verdict !== 'mismatch'
        ? 'unavailable'
        : report.verdict
  return {
    ...report,
    verdict,
    findings: [...report.findings, ...findings],
    unavailable: [...report.unavailable, ...unavailable],
    complete: proof,
    steps: [
      ...report.steps,
      {
        ...{ kind: 'complete', label: `COMPLETE ${proof.from}–${proof.to}`, block: proof.to, logged: '-' },
        ...{ recomputed: proof.head, signatures: '-' },
        verdict: findings.length > 0 ? 'mismatch' : unavailable.length > 0 ? 'unavailable' : 'verified',
      },
    ],
  }
}

/** What was proved and what was trusted, in one line. */
export function describeCompleteness({
  headers,
  head,
  confirmedBy,
  provedBlocks,
  provedLogs,
}: Completeness): string {
  return (
    `${provedLogs} logs proved by the receipts of ${provedBlocks} blocks and ${headers} headers up to ${head}, which ` +
    `${confirmedBy === 'you' ? 'you have pinned' : `${confirmedBy} has too`}; trusted: answers about state and code`
  )
}
