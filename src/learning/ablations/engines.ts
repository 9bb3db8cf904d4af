/** What augmentation, more data and honest folds are worth for the remaining life of engines. */
import { lifeFeatures } from '../../services/sentinel/life.ts'
import { treesScores } from '../../services/sentinel/trees.ts'
import { Dice } from '../dice.ts'
import type { Engine } from '../engines.ts'
import { LIFE_CAP } from '../engines.ts'
import { fitBoosted } from '../fit-trees.ts'
import { BOOST, fitLife } from '../judge-engines.ts'
import { rmse } from '../measures.ts'
import { round } from '../result.ts'
import type { Ablation } from './ablation.ts'
import { ablation } from './ablation.ts'

const SCALE = 1_000
/** Of a column's spread over all training rows. */
const NOISE = 0.1
/** A copy lives between 0.9 and 1.1 times as long. */
const WARP = 0.1

/** Remaining cycles of each row, no more than the cap. */
const lifeOf = ({ cycles }: Engine): number[] =>
  cycles.map((_, cycle) => Math.min(LIFE_CAP, cycles.length - 1 - cycle))

interface Guesses {
  readonly wanted: readonly (readonly number[])[]
  readonly guess: readonly (readonly number[])[]
}

/** Root mean squared error of drawn engines. */
const errorOf =
  ({ wanted, guess }: Guesses) =>
  (places: readonly number[]): number =>
    rmse(
      places.flatMap((place) => guess[place] ?? []),
      places.flatMap((place) => wanted[place] ?? []),
    )

function guessesOf(model: ReturnType<typeof fitLife>, test: readonly Engine[]): Guesses {
  const wanted = test.map(lifeOf)
  const guess = test.map(({ cycles }) =>
    cycles.map((_, cycle) => {
      const life = (treesScores(model, lifeFeatures(cycles.slice(0, cycle + 1)))[0] ?? 0) / SCALE
      return Math.max(0, Math.min(LIFE_CAP, life))
    }),
  )
  return { wanted, guess }
}

/** Every fourth engine judges, the others train. */
export function judgeEngineTechniques(engines: readonly Engine[]): Ablation[] {
  const test = engines.filter(({ number }) => number % 4 === 0)
  const train = engines.filter(({ number }) => number % 4 !== 0)
  const plain = errorOf(guessesOf(fitLife(train, ''), test))
  const common = {
    set: 'cmapss',
    measure: 'RMSE, cap 125',
    isError: true,
    n: test.length,
    without: plain,
  } as const
  const augmented = [...train, ...train.map((engine, place) => augment(engine, train, place))]
  const few = (count: number): ((places: readonly number[]) => number) =>
    errorOf(guessesOf(fitLife(train.slice(0, count), ''), test))
  const quarter = few(Math.ceil(train.length / 4))
  const half = few(Math.ceil(train.length / 2))
  return [
    ablation({
      ...common,
      technique: 'augmentation: a copy of each engine with noise and another speed',
      with: errorOf(guessesOf(fitLife(augmented, ''), test)),
    }),
    ablation({
      ...common,
      technique: 'training size: a quarter → half of the engines',
      without: quarter,
      with: half,
    }),
    ablation({
      ...common,
      technique: 'training size: half → all of the engines',
      without: half,
      with: plain,
    }),
  ]
}

/** An engine with noise on each measurement, and a life that is stretched or shortened. */
export function augment({ number, cycles }: Engine, all: readonly Engine[], seed: number): Engine {
  const dice = new Dice(seed)
  const noise = spreadsOf(all).map((spread) => spread * NOISE)
  const speed = 1 + (WARP * (dice.below(2_001) - 1_000)) / 1_000
  const length = Math.max(2, Math.round(cycles.length / speed))
  const warped = Array.from({ length }, (_, cycle) => {
    const from = cycles[Math.round((cycle * (cycles.length - 1)) / (length - 1))] ?? []
    return from.map((value, column) => value + Math.round((noise[column] ?? 0) * normal(dice)))
  })
  return { number, cycles: warped }
}

function spreadsOf(engines: readonly Engine[]): number[] {
  const rows = engines.flatMap(({ cycles }) => cycles)
  return (rows[0] ?? []).map((_, column) => {
    const values = rows.map((row) => row[column] ?? 0)
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length
    return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length)
  })
}

/** Sum of twelve even draws less six: spread 1, never beyond 6. */
function normal(dice: Dice): number {
  let sum = -6
  for (let draw = 0; draw < 12; draw += 1) sum += dice.below(2 ** 20) / 2 ** 20
  return sum
}

/** What folds promise beside what comes: the error that each kind of fold expects, and that on engines nobody looked at. */
export interface FoldEstimate {
  readonly folds: string
  readonly expected: number
  readonly came: number
}

/** Folds over rows put cycles of one life on both sides; folds over whole lives, blocks of time, do not. */
export function judgeFolds(engines: readonly Engine[]): FoldEstimate[] {
  const seen = engines.filter(({ number }) => number % 4 !== 0)
  const unseen = engines.filter(({ number }) => number % 4 === 0)
  const everyone = (guesses: Guesses): number =>
    round(errorOf(guesses)(guesses.wanted.map((_, place) => place)))
  const came = everyone(guessesOf(fitLife(seen, ''), unseen))
  const lives = [0, 1, 2].map((fold) => {
    const train = seen.filter((_, place) => place % 3 !== fold)
    return everyone(
      guessesOf(
        fitLife(train, ''),
        seen.filter((_, place) => place % 3 === fold),
      ),
    )
  })
  return [
    { folds: 'rows, shuffled', expected: mean([0, 1, 2].map((fold) => rowFold(seen, fold))), came },
    { folds: 'whole lives', expected: mean(lives), came },
  ]
}

function rowFold(engines: readonly Engine[], fold: number): number {
  const dice = new Dice(1)
  const rows = engines.flatMap((engine) => {
    const lives = lifeOf(engine)
    return engine.cycles.map((_, cycle) => ({
      features: lifeFeatures(engine.cycles.slice(0, cycle + 1)),
      life: lives[cycle] ?? 0,
      fold: dice.below(3),
    }))
  })
  const train = rows.filter((row) => row.fold !== fold)
  const test = rows.filter((row) => row.fold === fold)
  const boosted = fitBoosted(
    train.map(({ features }) => features),
    train.map(({ life }) => life * SCALE),
    BOOST,
  )
  const guess = test.map(({ features }) => {
    const [score = 0] = treesScores({ ...boosted, divisor: 1 }, features)
    return Math.max(0, Math.min(LIFE_CAP, score / SCALE))
  })
  return rmse(
    guess,
    test.map(({ life }) => life),
  )
}

function mean(values: readonly number[]): number {
  return round(values.reduce((sum, value) => sum + value, 0) / values.length)
}
