import type { Verdict } from '../../audit/report.ts'
import type { LiveTask } from './live-board.ts'
import type { CheckpointRow, HeightJson, ReportJson } from './verdicts.ts'
import { heightVerdict } from './verdicts.ts'

/** Seats in a row that say the same: drawn as one piece. */
export interface SeatRun {
  readonly mark: string
  readonly seats: number
}

/** A height in the list: what nodes report, and what the audit found. */
export interface HeightRow {
  readonly height: number
  readonly round: number | null
  readonly value: string | null
  readonly inputs: number | null
  readonly runs: readonly SeatRun[]
  /** Seats that decided this value, and seats in all; null: no node reports. */
  readonly agreeing: number | null
  readonly members: number
  readonly shares: number | null
  readonly final: number | null
  /** Unix time of the first report, ms. */
  readonly atMs: number | null
  /** Null: no checkpoint holds it yet. */
  readonly verdict: Verdict | null
  /** The reducer gives the state again from published inputs. */
  readonly isRecomputed: boolean
  /** What nodes report is not what the checkpoint holds. */
  readonly differs: boolean
}

/** What rows are made of. */
export interface RowSource {
  readonly live: LiveTask | null
  readonly report: ReportJson | null
  readonly checkpoints: readonly CheckpointRow[]
}

/** Heights there are rows for: 1 to this. */
export function lastHeight({ live, report }: RowSource): number {
  return Math.max(live?.decided ?? 0, report?.heights.at(-1)?.height ?? 0)
}

/** The row of a height, made when it is drawn: lists are long. */
export function rowOf(source: RowSource, height: number): HeightRow {
  const { live, report, checkpoints } = source
  const told = live?.heights.get(height) ?? null
  const audited = report === null ? null : auditedAt(report, height)
  const members = live?.members ?? report?.cluster?.members.length ?? 0
  const runs = told === null ? [] : runsOf(told.seats)
  return {
    height,
    round: audited?.round ?? told?.round ?? null,
    value: audited?.value ?? told?.value ?? null,
    inputs: told?.inputs ?? null,
    runs,
    agreeing: told === null ? null : runs.reduce((sum, run) => sum + (run.mark === 'd' ? run.seats : 0), 0),
    members,
    shares: audited?.transitional?.magnitude ?? told?.shares ?? null,
    final: audited?.operational?.magnitude ?? told?.final ?? null,
    atMs: told?.atMs ?? null,
    verdict: report === null ? null : heightVerdict(report, checkpoints, height),
    isRecomputed: audited?.recomputed ?? false,
    differs: audited !== null && told !== null && audited.value !== told.value,
  }
}

/** The audit lists heights without gaps, but a tampered history need not begin at 1. */
export function auditedAt({ heights }: ReportJson, height: number): HeightJson | null {
  const guess = heights[height - (heights[0]?.height ?? 1)]
  if (guess?.height === height) return guess
  return heights.find((one) => one.height === height) ?? null
}

/** `ddd.x` → three that agree, one silent, one that differs. */
export function runsOf(seats: string): SeatRun[] {
  return (seats.match(/(.)\1*/g) ?? []).map((run) => ({ mark: run.charAt(0), seats: run.length }))
}
