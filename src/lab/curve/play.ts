import { Histogram } from '../histogram.ts'
import { play } from '../queue/play.ts'
import type { Trace } from '../queue/workload.ts'
import type { Cell } from '../scenario.ts'
import { fitUsl } from '../statistics/usl.ts'

/**
 * Goodput by offered load, one run of the queue model for each load: the greatest, at which load, and how the universal
 * scalability law fits (N in units of the first load). No fit, no sigma and kappa.
 */
export function playCurve(
  cell: Cell,
  seed: number,
  trace: Trace,
): { readonly figures: Record<string, number>; readonly latency: Histogram } {
  const { loads } = cell.curve
  const latency = new Histogram()
  const points = loads.map((load) => {
    const played = play({ ...cell, workload: { ...cell.workload, load } }, seed, trace)
    latency.merge(played.latency)
    return { load, goodput: played.figures['goodput'] ?? 0 }
  })
  const best = points.reduce((most, point) => (point.goodput > most.goodput ? point : most))
  const first = loads[0] ?? 1
  const usl = fitUsl(
    points.flatMap(({ load, goodput }) => (goodput > 0 ? [[load / first, goodput] as const] : [])),
  )
  return {
    figures: {
      ...Object.fromEntries(points.map(({ load, goodput }) => [`goodput_${load}`, goodput])),
      peak_goodput: best.goodput,
      peak_load: best.load,
      sigma: usl?.sigma ?? Number.NaN,
      kappa: usl?.kappa ?? Number.NaN,
    },
    latency,
  }
}
