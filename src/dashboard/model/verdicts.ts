import type { Verdict } from '../../audit/report.ts'

/** The part of `rsdp audit --json` that the page reads. */
export interface ReportJson {
  readonly taskId: string
  readonly chainId: string
  readonly verdict: Verdict
  /** Block up to which was read. */
  readonly head: number
  readonly reducer: string | null
  readonly client: string | null
  readonly heightsAnchored: number
  readonly heightsMax: number
  readonly cluster: {
    readonly id: string
    readonly seed: string
    readonly totalWeight: number
    readonly members: readonly {
      readonly index: number
      readonly key: string
      readonly operator: string
      readonly weight: number
    }[]
  } | null
  readonly steps: readonly {
    readonly kind: string
    readonly label: string
    readonly block: number | null
    readonly logged: string
    readonly recomputed: string
    readonly signatures: string
    readonly verdict: Verdict
  }[]
  readonly counts: Readonly<Record<string, number | Readonly<Record<string, number>>>>
  readonly findings: readonly FindingJson[]
  readonly unavailable: readonly { readonly path: string; readonly why: string; readonly where: string }[]
  readonly heights: readonly HeightJson[]
  readonly convictions: readonly ConvictionJson[]
  readonly penalties: readonly {
    readonly member: number
    readonly operator: string
    readonly percent: number
    readonly amount: string
    readonly credited: { readonly reporter: string; readonly amount: string } | null
    readonly block: number
    readonly transaction: string
  }[]
  readonly end: { readonly status: string; readonly because: string } | null
  readonly outcome: { readonly outcome: string; readonly because: string }
  /** What was proved about the logs, if somebody vouched for a head. */
  readonly complete?: {
    readonly from: number
    readonly to: number
    readonly headers: number
    readonly provedBlocks: number
    readonly provedLogs: number
  }
}

export interface FindingJson {
  readonly path: string
  readonly step: string
  readonly field: string
  readonly where: string
  readonly expected: string
  readonly actual: string
  readonly why: string
  readonly height?: number
  readonly member?: number
}

export interface HeightJson {
  readonly height: number
  readonly value: string
  readonly stateHash: string
  readonly inputsRoot: string
  readonly eventSeq: number
  readonly round: number
  readonly attested: boolean
  readonly recomputed: boolean
  readonly transitional: { readonly magnitude: number } | null
  readonly operational: { readonly magnitude: number } | null
}

export interface ConvictionJson {
  readonly member: number
  readonly offence: string
  readonly height: string
  readonly percent: number
  readonly because: string
  readonly reporter: string
  readonly block: number
  readonly transaction: string
}

/** A checkpoint as the audit judged it. */
export interface CheckpointRow {
  readonly label: string
  /** Null: the audit could not place it. */
  readonly range: { readonly first: number; readonly last: number } | null
  readonly block: number | null
  readonly logged: string
  readonly recomputed: string
  readonly signatures: string
  readonly verdict: Verdict
  readonly findings: readonly FindingJson[]
}

const RANGE = /(\d+)–(\d+)/

/** Checkpoints, the newest first, each with what does not fit in it. */
export function checkpointsOf({ steps, findings }: ReportJson): CheckpointRow[] {
  return steps
    .filter(({ kind }) => kind === 'checkpoint')
    .map((step): CheckpointRow => {
      const [, first, last] = RANGE.exec(step.label) ?? []
      const range =
        first === undefined || last === undefined ? null : { first: Number(first), last: Number(last) }
      const own = findings.filter(
        ({ where, step: of }) => of === 'checkpoint' && isWithin(range, where, step.label),
      )
      const { label, block, logged, recomputed, signatures, verdict } = step
      return { label, range, block, logged, recomputed, signatures, verdict, findings: own }
    })
    .reverse()
}

function isWithin(range: CheckpointRow['range'], where: string, label: string): boolean {
  const [, first, last] = RANGE.exec(where) ?? []
  if (range === null || first === undefined || last === undefined) return label.includes(where)
  return Number(first) === range.first && Number(last) === range.last
}

/** What a height's row says: null, no checkpoint holds it yet. */
export function heightVerdict(
  report: ReportJson,
  checkpoints: readonly CheckpointRow[],
  height: number,
): Verdict | null {
  const own = checkpoints.find(({ range }) => range !== null && range.first <= height && height <= range.last)
  if (own === undefined) return null
  if (report.findings.some((finding) => finding.height === height)) return 'mismatch'
  return own.verdict
}

/** How many checkpoints have which verdict. */
export function tally(checkpoints: readonly CheckpointRow[]): Readonly<Record<Verdict, number>> {
  const counts = { verified: 0, mismatch: 0, unavailable: 0, pending: 0 }
  for (const { verdict } of checkpoints) counts[verdict] += 1
  return counts
}
