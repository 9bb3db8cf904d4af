import type { Validity } from '../protocol/validity.ts'
import type { AuditReport, Counts, Finding, Gap, HeightReport, Step, Unavailable, Verdict } from './report.ts'
import { shown } from './clock.ts'
import { describeMoney } from './render-money.ts'
import { fieldPath } from './report.ts'

const SYMBOLS = {
  verified: '✔ verified',
  mismatch: '✖ mismatch',
  unavailable: '? unavailable',
  pending: '… pending',
} as const satisfies Record<Verdict, string>

/** Lines per list for a person to read; JSON has all of them. */
const HEIGHTS_SHOWN_MAX = 20

/** The report for people: a table of steps, what does not fit, what could not be checked, how much was. */
export function renderReport(report: AuditReport): string {
  const { steps, findings, unavailable, gaps, heights } = report
  return [
    title(report),
    ...table(steps),
    ...section('does not fit', findings.map(describeFinding)),
    ...section('not checked', describeUnavailable(unavailable)),
    ...section(
      'gaps',
      joined(gaps).map(
        ({ member, first, last }) => `no log of member ${member} for heights ${first}–${last}`,
      ),
    ),
    ...section('penalties', describePenalties(report)),
    ...describeEnd(report),
    `result: ${report.outcome.outcome}, ${report.outcome.because}`,
    ...section('money, token wei', report.money === null ? [] : describeMoney(report.money)),
    ...section('validity over signers', divergence(heights)),
    '',
    ...counted(report.counts),
    conclusion(report),
  ].join('\n')
}

function title({ taskId, reducer, client, cluster, chainId, head, ...report }: AuditReport): string {
  const { heightsAnchored, heightsMax } = report
  const members = cluster === null ? 'no cluster yet' : `cluster of ${cluster.members.length}`
  return [
    `task ${taskId} on chain ${chainId}, block ${head}`,
    reducer ?? 'unknown reducer',
    ...(client === null ? [] : [`published by ${client}`]),
    members,
    `${heightsAnchored} of ${heightsMax} heights anchored`,
  ].join('  ')
}

function table(steps: readonly Step[]): string[] {
  const header = ['#', 'step', 'block', 'logged', 'recomputed', 'signatures', 'verdict']
  const rows = steps.map(({ label, block, logged, recomputed, signatures, verdict }, i) => [
    `${i + 1}`,
    label,
    block === null ? '-' : `${block}`,
    short(logged),
    short(recomputed),
    signatures,
    SYMBOLS[verdict],
  ])
  const cells = [header, ...rows]
  const widths = header.map((_, column) => Math.max(...cells.map((row) => (row[column] ?? '').length)))
  return cells.map((row) =>
    `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd(),
  )
}

function section(name: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', `${name}:`, ...lines.map((line) => `  ${line}`)]
}

function describeFinding(finding: Finding): string {
  const { expected, actual, why, height, member } = finding
  const about = [
    ...(height === undefined ? [] : [`height ${height}`]),
    ...(member === undefined ? [] : [`member ${member}`]),
  ]
  const place = about.length === 0 ? '' : ` (${about.join(', ')})`
  return `✖ ${fieldPath(finding)}${place}: is ${short(actual)}, expected ${short(expected)}: ${why}`
}

/** One line per reason: the same thing is mostly missing everywhere. */
function describeUnavailable(items: readonly Unavailable[]): string[] {
  const groups = new Map<string, Unavailable[]>()
  for (const item of items) {
    const key = `${item.field}: ${item.why}`
    groups.set(key, [...(groups.get(key) ?? []), item])
  }
  return [...groups.values()].flatMap(([first, ...others]) => {
    if (first === undefined) return []
    const member = first.member === undefined ? '' : ` (member ${first.member})`
    const more = others.length === 0 ? '' : ` (and in ${others.length} more places)`
    return [`? ${fieldPath(first)}${member}: ${first.why}${more}`]
  })
}

/** What was proved, and what it cost. */
function describePenalties({ convictions, penalties }: AuditReport): string[] {
  return [
    ...convictions.map(
      ({ member, offence, because, transaction }) =>
        `member ${member}: ${offence}, ${because} (${short(transaction)})`,
    ),
    ...penalties.map(({ member, percent, amount, credited, block }) => {
      const share = `member ${member}: ${percent} % of the lock due, ${amount} wei taken in block ${block}`
      return credited === null
        ? `${share} at release, because of the convictions of others`
        : `${share}, ${credited.amount} credited to ${credited.reporter}`
    }),
  ]
}

function describeEnd({ end }: AuditReport): string[] {
  if (end === null) return []
  const { status, closedAt, claimsOpenAt, because } = end
  const from = claimsOpenAt === null ? '' : `, money from ${shown(claimsOpenAt)} on`
  return [
    '',
    `status: ${status}${closedAt === null ? `, ends by ${because}` : ` since ${shown(closedAt)}: ${because}${from}`}`,
  ]
}

/** Gaps of one member that follow each other, as one. */
function joined(gaps: readonly Gap[]): Gap[] {
  const merged: Gap[] = []
  for (const gap of gaps) {
    const before = merged.at(-1)
    if (before?.member === gap.member && before.last + 1 === gap.first)
      merged[merged.length - 1] = { ...before, last: gap.last }
    else merged.push(gap)
  }
  return merged
}

/** Heights on whose way signers differed, and how many were unanimous. */
function divergence(heights: readonly HeightReport[]): string[] {
  const unanimous = heights.filter(
    ({ transitional, operational }) => transitional?.magnitude === 1 && operational?.magnitude === 1,
  )
  const others = heights.filter((height) => !unanimous.includes(height))
  return [
    ...(unanimous.length === 0 ? [] : [`${unanimous.length} heights: all logged the same SHARE and CONFIRM`]),
    ...others
      .slice(0, HEIGHTS_SHOWN_MAX)
      .map(
        ({ height, round, transitional, operational }) =>
          `height ${height}, round ${round}: SHARE ${validity(transitional)}; CONFIRM ${validity(operational)}`,
      ),
    ...(others.length > HEIGHTS_SHOWN_MAX
      ? [`and ${others.length - HEIGHTS_SHOWN_MAX} more: see --json`]
      : []),
  ]
}

function validity(measured: Validity | null): string {
  if (measured === null) return 'not known'
  const { magnitude, entropy, concentration, compared } = measured
  return `${compared} compared, magnitude ${magnitude.toFixed(2)}, entropy ${entropy.toFixed(2)}, concentration ${concentration.toFixed(2)}`
}

function counted(counts: Counts): string[] {
  const events = Object.entries(counts.transitionsByEvent)
    .filter(([, count]) => count > 0)
    .map(([event, count]) => `${event} ${count}`)
  return [
    `attested    ${counts.heightsAttested} heights in ${counts.checkpoints} checkpoints, ${counts.checkpointSignatures} signatures`,
    `signed      ${counts.transitionsSigned} transitions${events.length === 0 ? '' : ` (${events.join(', ')})`}`,
    `recomputed  ${counts.aggregatesRecomputed} aggregates from ${counts.inputs} inputs, ${counts.ledgerEvents} ledger events`,
    `judged      ${counts.convictions} convictions by their evidence, ${counts.penalties} penalties`,
    `compared    ${counts.events} events with ${counts.transactions} transactions, ${counts.signups} sign-ups`,
  ]
}

function conclusion({ verdict, findings, unavailable }: AuditReport): string {
  switch (verdict) {
    case 'verified':
      return '✔ verified: everything that is anchored was recomputed'
    case 'mismatch':
      return `✖ mismatch: ${findings.length} ${findings.length === 1 ? 'fact does' : 'facts do'} not fit`
    case 'unavailable':
      return `? unavailable: nothing is wrong, ${unavailable.length} ${unavailable.length === 1 ? 'thing' : 'things'} could not be checked`
    case 'pending':
      return '… pending: nothing is anchored yet'
  }
}

/** Long hex as its ends. */
function short(text: string): string {
  return text.replace(/0x[0-9a-f]{20,}/g, (hex) =>
    hex.length <= 42 ? hex : `${hex.slice(0, 10)}…${hex.slice(-4)}`,
  )
}
