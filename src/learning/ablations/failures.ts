/** Whether a machine fails within 30 cycles: E-M2's traditional, learned and hybrid predictors on the engines of C-MAPSS. */
import { lifeFeatures } from '../../services/sentinel/life.ts'
import { sumOfTrees, treesScores } from '../../services/sentinel/trees.ts'
import { bootstrap } from '../bootstrap.ts'
import { Dice } from '../dice.ts'
import type { Engine } from '../engines.ts'
import { fitForest } from '../fit-trees.ts'
import { fitLife } from '../judge-engines.ts'
import { averagePrecision } from '../measures.ts'
import { round } from '../result.ts'
import { fitSvm } from './svm.ts'

/** A drain takes a while: so many cycles before the failure the alarm is wanted. */
const HORIZON = 30
/** Ages are counted in bins of so many cycles. */
const AGE_BIN = 10
const THOUSAND = 1_000
/** Alarms are raised at the score that this share of the healthy training rows stays below. */
const HEALTHY_BELOW = 0.95
const CART = { seed: 1, trees: 1, depthMax: 6, rowsMin: 20, tried: 1_000, perClass: 4_000 } as const
const FOREST = { seed: 1, trees: 40, depthMax: 8, rowsMin: 10, tried: 12, perClass: 1_500 } as const

export interface FailureFigure {
  readonly method: string
  readonly kind: 'random' | 'traditional' | 'learned' | 'hybrid'
  readonly averagePrecision: number
  /** 95 %, over draws of whole engines. */
  readonly interval: readonly [low: number, high: number]
  readonly accuracy: number
  /** Share of healthy rows with an alarm. */
  readonly falseAlarms: number
  /** Share of engines with an alarm among their last 30 cycles. */
  readonly found: number
  readonly engines: number
}

interface Rows {
  readonly features: readonly (readonly number[])[]
  readonly labels: readonly boolean[]
}

const rowsOf = ({ cycles }: Engine): Rows => ({
  features: cycles.map((_, cycle) => lifeFeatures(cycles.slice(0, cycle + 1))),
  labels: cycles.map((_, cycle) => cycles.length - 1 - cycle < HORIZON),
})

/** Each method fitted on some engines and judged on others. */
export function judgeFailures(train: readonly Engine[], test: readonly Engine[]): FailureFigure[] {
  const known = train.map(rowsOf)
  const features = known.flatMap((rows) => rows.features)
  const labels = known.flatMap((rows) => rows.labels)
  const asked = test.map(rowsOf)
  const classes = labels.map(Number)
  const cart = fitForest(features, classes, 2, CART)
  const forest = fitForest(features, classes, 2, FOREST)
  const life = fitLife(train, 'failures')
  const hazard = hazardByAge(features, labels)
  const svm = fitSvm(features, labels)
  const dice = new Dice(1)
  const remaining = (row: readonly number[]): number => -(treesScores(life, row)[0] ?? 0)
  const voted = (row: readonly number[]): number => sumOfTrees(forest, row)[1] ?? 0
  const methods: readonly (readonly [string, FailureFigure['kind'], (row: readonly number[]) => number])[] = [
    ['random', 'random', () => dice.next()],
    ['constant hazard', 'traditional', () => 1],
    ['hazard by age', 'traditional', hazard],
    ['CART', 'learned', (row) => sumOfTrees(cart, row)[1] ?? 0],
    ['support vector machine (laboratory only)', 'learned', svm],
    ['random forest', 'learned', voted],
    ['remaining life (models/life.json’s method)', 'learned', remaining],
    ['hazard by age × forest', 'hybrid', (row) => (hazard(row) + 0.01) * (voted(row) + 1)],
  ]
  return methods.map(([method, kind, score]) => {
    const usual = features.filter((_, row) => labels[row] === false).map(score)
    const limit = usual.sort((a, b) => a - b)[Math.floor(usual.length * HEALTHY_BELOW)] ?? 0
    const scored = asked.map((rows) => ({ scores: rows.features.map(score), labels: rows.labels }))
    return { method, kind, ...figuresOf(scored, limit) }
  })
}

function figuresOf(
  engines: readonly { readonly scores: readonly number[]; readonly labels: readonly boolean[] }[],
  limit: number,
): Omit<FailureFigure, 'method' | 'kind'> {
  const precisionOf = (places: readonly number[]): number =>
    averagePrecision(
      places.flatMap((place) => engines[place]?.scores ?? []),
      places.flatMap((place) => engines[place]?.labels ?? []),
    )
  const [low, high] = bootstrap(engines.length, 1, precisionOf, 300)
  const rows = engines.flatMap(({ scores, labels }) =>
    scores.map((score, row) => ({ isAlarm: score > limit, fails: labels[row] === true })),
  )
  const healthy = rows.filter(({ fails }) => !fails)
  const found = engines.filter(({ scores, labels }) =>
    scores.some((score, row) => labels[row] === true && score > limit),
  )
  const share = (some: number, all: number): number => round(some / Math.max(1, all))
  return {
    averagePrecision: round(precisionOf(engines.map((_, place) => place))),
    interval: [round(low), round(high)],
    accuracy: share(rows.filter(({ isAlarm, fails }) => isAlarm === fails).length, rows.length),
    falseAlarms: share(healthy.filter(({ isAlarm }) => isAlarm).length, healthy.length),
    found: share(found.length, engines.length),
    engines: engines.length,
  }
}

/** Share of training rows of that age which failed within the horizon; an age that training never reached is the last one. */
function hazardByAge(
  features: readonly (readonly number[])[],
  labels: readonly boolean[],
): (row: readonly number[]) => number {
  const bins: { rows: number; failing: number }[] = []
  features.forEach(([age = 0], row) => {
    const bin = (bins[Math.floor(age / AGE_BIN)] ??= { rows: 0, failing: 0 })
    bin.rows += 1
    if (labels[row] === true) bin.failing += 1
  })
  return ([age = 0]) => {
    const bin = bins[Math.min(bins.length - 1, Math.floor(age / AGE_BIN))]
    return bin === undefined ? 0 : Math.floor((THOUSAND * bin.failing) / bin.rows) / THOUSAND
  }
}
