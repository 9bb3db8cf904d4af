import { shown } from './clock.ts'
import { describeCompleteness } from './complete.ts'
import { columns, facts, section, wrapped } from './layout.ts'
import { namesIn, short } from './names.ts'
import type { Naming } from './names.ts'
import { describeRange } from './range.ts'
import { describeDivergence, describeUnanimity } from './render-heights.ts'
import { describeLedger, describeSums } from './render-money.ts'
import { describeSteps } from './render-steps.ts'
import type { AuditReport, Counts, Finding, Gap, Unavailable } from './report.ts'
import { fieldPath } from './report.ts'
import { formatTokens } from './tokens.ts'
import type { TokenUnit } from './tokens.ts'

export interface RenderOptions {
  /** Null or absent: amounts are whole numbers of the token's smallest unit. */
  readonly unit?: TokenUnit | null
  /** Columns of the terminal; absent: lines are as long as they are. */
  readonly width?: number
  /** Every checkpoint, every member's addresses, every payment. */
  readonly isFull?: boolean
}

/**
 * The report for people: verdict and summary first, then what does not fit, what could not be checked, the steps, and how
 * much was checked. Values in findings stay whole: a rounded amount would hide by how much it is wrong.
 */
export function renderReport(report: AuditReport, options: RenderOptions = {}): string {
  const { unit = null, width, isFull = false } = options
  const { steps, findings, unavailable, gaps, heights, money } = report
  const named = namesIn(report)
  const lines = [
    conclusion(report),
    '',
    ...summary(report, unit, named),
    ...section('does not fit', findings.map(describeFinding)),
    ...section('not checked', describeUnavailable(unavailable)),
    ...section('penalties', describePenalties(report, unit, named)),
    ...section('seam', describeSeam(report)),
    ...section('gaps', describeGaps(gaps)),
    ...section('validity over signers', describeDivergence(heights, isFull)),
    '',
    ...describeSteps(steps, { unit, named, width, isFull }),
    '',
    ...counted(report.counts),
    ...(isFull ? describeMembers(report) : []),
    ...(isFull && money !== null ? describeLedger(money, unit, named) : []),
  ]
  return lines.flatMap((line) => (width === undefined ? [line] : wrapped(line, width))).join('\n')
}

function summary(report: AuditReport, unit: TokenUnit | null, named: Naming): string[] {
  const { taskId, chainId, head, reducer, client, cluster, heightsAnchored, heightsMax } = report
  const { counts, outcome, money, convictions, penalties, heights } = report
  const unanimity = describeUnanimity(heights)
  const ended = describeEnd(report)
  return [
    `task ${taskId} on chain ${chainId}, block ${head}`,
    ...facts([
      ['reducer', reducer ?? 'unknown'],
      ...(client === null ? [] : [['client', client] as const]),
      ['cluster', cluster === null ? 'not drawn yet' : `${cluster.members.length} members`],
      ['heights', `${heightsAnchored} of ${heightsMax} anchored, ${counts.checkpoints} checkpoints`],
      ...(ended === null ? [] : [['status', ended] as const]),
      ['result', `${outcome.outcome}, ${named(outcome.because)}`],
      ...(unanimity === null ? [] : [['votes', unanimity] as const]),
      ['proofs', `${convictions.length} convictions, ${penalties.length} penalties`],
      ...(money === null ? [] : describeSums(money, unit)),
      ...(report.range === undefined ? [] : [['range', describeRange(report.range)] as const]),
      ...(report.complete === undefined ? [] : [['logs', describeCompleteness(report.complete)] as const]),
    ]),
  ]
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
function describePenalties(
  { convictions, penalties }: AuditReport,
  unit: TokenUnit | null,
  named: Naming,
): string[] {
  return [
    ...convictions.map(
      ({ member, offence, because, transaction }) =>
        `member ${member}: ${offence}, ${because} (${short(transaction)})`,
    ),
    ...penalties.map(({ member, percent, amount, credited, block }) => {
      const share = `member ${member}: ${percent} % of the lock due, ${formatTokens(amount, unit)} taken in block ${block}`
      return credited === null
        ? `${share} at release, because of the convictions of others`
        : `${share}, ${formatTokens(credited.amount, unit)} credited to ${named(credited.reporter)}`
    }),
  ]
}

/** What came before, and how long nothing was anchored. */
function describeSeam({ seam }: AuditReport): string[] {
  if (seam === null) return []
  const { predecessor, height, stateHash, outcome, gapBlocks, gapSeconds, left, resumed } = seam
  const what =
    stateHash === null ? 'nothing' : `the state of height ${height}, ${short(stateHash)}, ${outcome}`
  const gap =
    resumed === null
      ? `last checkpoint before it in block ${left.block}; none after it yet`
      : `${gapBlocks} blocks, ${gapSeconds} s from the last checkpoint before it to the first after it`
  return [`task ${predecessor} handed over ${what}`, gap]
}

function describeEnd({ end }: AuditReport): string | null {
  if (end === null) return null
  const { status, closedAt, claimsOpenAt, because } = end
  const from = claimsOpenAt === null ? '' : `, money from ${shown(claimsOpenAt)} on`
  return closedAt === null
    ? `${status}, ends by ${because}`
    : `${status} since ${shown(closedAt)}: ${because}${from}`
}

/** Gaps of one member that follow each other, as one. */
function describeGaps(gaps: readonly Gap[]): string[] {
  const merged: Gap[] = []
  for (const gap of gaps) {
    const before = merged.at(-1)
    if (before?.member === gap.member && before.last + 1 === gap.first)
      merged[merged.length - 1] = { ...before, last: gap.last }
    else merged.push(gap)
  }
  return merged.map(({ member, first, last }) => `no log of member ${member} for heights ${first}–${last}`)
}

/** Who the members are, with whole addresses. */
function describeMembers({ cluster }: AuditReport): string[] {
  if (cluster === null) return []
  const { members } = cluster
  const column = (heading: string, of: (one: (typeof members)[number]) => string) => ({
    ...{ heading, rank: 0, cells: members.map(of) },
  })
  return [
    '',
    'members:',
    ...columns([
      column('member', ({ index }) => `${index}`),
      column('weight', ({ weight }) => `${weight}`),
      column('signing key', ({ key }) => key),
      column('operator', ({ operator }) => operator),
    ]),
  ]
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
