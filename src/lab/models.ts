import type { Histogram } from './histogram.ts'
import { playCascade } from './cascade/play.ts'
import { playCommits } from './commit/play.ts'
import { playCurve } from './curve/play.ts'
import { playDay } from './day/play.ts'
import { playDrill } from './drill/play.ts'
import { playEffect } from './effect/play.ts'
import { playForecast } from './forecast/play.ts'
import { breakPoint } from './queue/break-point.ts'
import { play } from './queue/play.ts'
import type { Trace } from './queue/workload.ts'
import { playScaling } from './scaling/play.ts'
import { playVertical } from './scaling/vertical.ts'
import { playStore } from './store/play.ts'
import { playVotes } from './votes/play.ts'
import { playYears } from './years/play.ts'
import type { Cell, MODEL_FILES } from './scenario.ts'

/** What one seed of one cell came to. */
export interface Outcome {
  readonly figures: Readonly<Record<string, number>>
  readonly latency?: Histogram
}

type Model = (cell: Cell, seed: number, trace: Trace) => Outcome

const PLAYED: Readonly<Record<Exclude<keyof typeof MODEL_FILES, 'frames'>, Model>> = {
  queue: play,
  'break-point': breakPoint,
  years: (cell, seed) => ({ figures: playYears(cell, seed) }),
  votes: (cell, seed) => ({ figures: playVotes(cell, seed) }),
  commits: (cell, seed) => ({ figures: playCommits(cell, seed) }),
  cascade: (cell, seed) => ({ figures: playCascade(cell, seed) }),
  drill: (cell, seed) => ({ figures: playDrill(cell, seed) }),
  effect: playEffect,
  curve: playCurve,
  scaling: playScaling,
  vertical: playVertical,
  store: playStore,
  day: (cell, seed, trace) => ({ figures: playDay(cell, seed, trace) }),
  forecast: (cell, seed) => ({ figures: playForecast(cell, seed) }),
}

/** Plays one seed of one cell. The same arguments give the same figures. */
export function playCell(cell: Cell, seed: number, trace: Trace): Outcome {
  if (cell.model === 'frames') throw new Error('the simulator plays frames')
  return PLAYED[cell.model](cell, seed, trace)
}
