import type { TreesModel } from '../services/sentinel/model.ts'
import { lifeFeatureNames, lifeFeatures } from '../services/sentinel/life.ts'
import { treesScores } from '../services/sentinel/trees.ts'
import { bootstrap } from './bootstrap.ts'
import { Dice } from './dice.ts'
import { LIFE_CAP, readEngines } from './engines.ts'
import type { Engine } from './engines.ts'
import { fitBoosted } from './fit-trees.ts'
import { fitLinear } from './linear.ts'
import { rmse } from './measures.ts'
import { round } from './result.ts'
import type { Figure, Kind, ReadData } from './result.ts'
import type { Part } from './split.ts'

/** Chosen by two of four folds of whole engines of the chosen part. */
export const BOOST = {
  seed: 1,
  trees: 80,
  depthMax: 4,
  rowsMin: 40,
  tried: 24,
  share: 0.5,
  rate: 0.1,
} as const

const FILE = 'cmapss/train_FD001.txt.gz'
const LAST_CHOSEN = 80
/** Scores are thousandths of a cycle. */
const SCALE = 1_000

/** Remaining cycles of each row, no more than the cap. */
const lifeOf = ({ cycles }: Engine): number[] =>
  cycles.map((_, cycle) => Math.min(LIFE_CAP, cycles.length - 1 - cycle))

const featuresOf = ({ cycles }: Engine): number[][] =>
  cycles.map((_, cycle) => lifeFeatures(cycles.slice(0, cycle + 1)))

export function fitLife(engines: readonly Engine[], about: string): TreesModel {
  const targets = engines.flatMap(lifeOf).map((cycles) => cycles * SCALE)
  const { outputs, trees, base } = fitBoosted(engines.flatMap(featuresOf), targets, BOOST)
  const features = lifeFeatureNames(engines[0]?.cycles[0]?.length ?? 0)
  const words = features.map((): string[] => [])
  return {
    ...{ kind: 'trees@1', about, outputs, trees, base, features, words },
    names: ['remaining cycles / 1,000'],
    divisor: 1,
  }
}

/** Engines of the chosen part, from the folder. */
export function chosenEngines(read: ReadData): Engine[] {
  return readEngines(FILE, read(FILE)).filter(({ number }) => number <= LAST_CHOSEN)
}

/** RMSE of the remaining cycles on engines that were not trained on. Intervals draw whole engines. */
export function judgeEngines(read: ReadData, part: Part): Figure[] {
  const all = readEngines(FILE, read(FILE))
  const chosen = all.filter(({ number }) => number <= LAST_CHOSEN)
  const train = part === 'judged' ? chosen : chosen.filter(({ number }) => number % 4 !== 0)
  const test =
    part === 'judged'
      ? all.filter(({ number }) => number > LAST_CHOSEN)
      : chosen.filter(({ number }) => number % 4 === 0)
  const wanted = test.map(lifeOf)
  const capped = (life: number): number => Math.max(0, Math.min(LIFE_CAP, life))
  const lives = train.flatMap(lifeOf)
  const mean = lives.reduce((sum, life) => sum + life, 0) / Math.max(1, lives.length)
  const age = train.reduce((sum, { cycles }) => sum + cycles.length, 0) / Math.max(1, train.length)
  const linear = fitLinear(
    train.flatMap(({ cycles }) => cycles),
    lives,
  )
  const model = fitLife(train, 'cmapss')
  const dice = new Dice(1)
  const methods: readonly (readonly [string, Kind, number[][]])[] = [
    ['random', 'random', wanted.map((row) => row.map(() => dice.below(LIFE_CAP + 1)))],
    ['mean of training', 'simple', wanted.map((row) => row.map(() => mean))],
    ['age: mean life − cycle', 'simple', wanted.map((row) => row.map((_, cycle) => capped(age - cycle - 1)))],
    [
      'linear regression, clipped',
      'simple',
      test.map(({ cycles }) => cycles.map((row) => capped(linear(row)))),
    ],
    [
      'boosted trees',
      'learned',
      test.map((engine) =>
        featuresOf(engine).map((row) => capped((treesScores(model, row)[0] ?? 0) / SCALE)),
      ),
    ],
  ]
  return methods.map(([method, kind, guess]): Figure => {
    const of = (places: readonly number[]): number =>
      rmse(
        places.flatMap((place) => guess[place] ?? []),
        places.flatMap((place) => wanted[place] ?? []),
      )
    const everyone = test.map((_, place) => place)
    const [low, high] = bootstrap(test.length, 1, of, 300)
    return {
      set: 'cmapss',
      method,
      kind,
      measure: 'RMSE, cap 125',
      value: round(of(everyone)),
      interval: [round(low), round(high)],
      n: test.length,
    }
  })
}
