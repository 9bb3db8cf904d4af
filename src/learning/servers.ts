/** Metrics of servers: the formats of ASD and SMD. */
import { badRow, integerRows, linesOf } from './rows.ts'
import type { Segment } from './measures.ts'

/** Metrics are kept in millionths: both sets have at most six decimals. */
const MICRO = 1_000_000

/** One row per sample, one column per metric, in millionths. */
export function readMetrics(file: string, text: string): number[][] {
  return integerRows(file, text, { scale: MICRO, separator: ',' })
}

/** One label per line, 0 or 1. */
export function readLabels(file: string, text: string): boolean[] {
  return linesOf(text).map((line, place) => {
    if (!/^[01](\.0+)?$/.test(line))
      throw badRow(file, place + 1, `label "${line.slice(0, 20)}" is neither 0 nor 1`)
    return line.startsWith('1')
  })
}

/** A labelled segment and the metrics that explain it, from 0. */
export interface Explained extends Segment {
  readonly metrics: readonly number[]
}

/** Lines `first-last:metric,metric,…`, metrics from 1. */
export function readInterpretation(file: string, text: string): Explained[] {
  return linesOf(text).map((line, place) => {
    const found = /^(\d+)-(\d+):(\d+(?:,\d+)*)$/.exec(line)
    if (found === null) throw badRow(file, place + 1, 'is not "first-last:metric,metric,…"')
    const metrics = (found[3] ?? '').split(',').map((metric) => Number(metric) - 1)
    return { from: Number(found[1]), to: Number(found[2]), metrics }
  })
}
