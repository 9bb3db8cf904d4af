import { keccak, utf8Hex } from '../../codec/hex.ts'
import { estimateGain } from '../../services/insight/estimate.ts'
import type { Forecast } from '../../services/insight/estimate.ts'
import { stream } from '../draw.ts'
import type { Cell } from '../scenario.ts'

const NODES = 10
const RUNS = 2000

/**
 * How often the 95 % interval of the production estimate holds what then happens. Uses really spread as forecast, each node by
 * itself, but for the part that all nodes share: the estimate knows of none.
 */
export function playForecast(cell: Cell, seed: number): Record<string, number> {
  const { spread, shared, repetitions } = cell.forecast
  const random = stream(seed, 'forecast')
  let held = 0
  let width = 0
  for (let i = 0; i < repetitions; i += 1) {
    const nodes = Array.from({ length: NODES }, (): Forecast => {
      return { throughput: random.int(400, 1300), use: random.int(200, 800), spread }
    })
    const current = Math.round(
      nodes.reduce((sum, { throughput, use }) => sum + (throughput * use) / 1000, 0) * 0.8,
    )
    const { ci95 } = estimateGain(keccak(utf8Hex(`forecast ${seed} ${i}`)), nodes, current, RUNS)
    const common = 2 * random.fraction() - 1
    const real = nodes.reduce((sum, { throughput, use }) => {
      const own = 2 * random.fraction() - 1
      const drawn = use + spread * (shared * common + (1 - shared) * own)
      return sum + throughput * Math.min(1000, Math.max(0, drawn))
    }, 0)
    const gain = real - 1000 * current
    if (gain >= ci95[0] && gain <= ci95[1]) held += 1
    width += (ci95[1] - ci95[0]) / (1000 * current)
  }
  return { coverage: held / repetitions, width: width / repetitions }
}
