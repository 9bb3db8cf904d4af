import { scaledAt, leftOver, residualScore, windowLength } from '../services/sentinel/residual.ts'
import type { Sample } from '../services/sentinel/residual.ts'
import type { ResidualModel } from '../services/sentinel/model.ts'
import { sumOfTrees } from '../services/sentinel/trees.ts'
import { fitClusters, nearestOf } from './clusters.ts'
import { Dice } from './dice.ts'
import { fitIsolation } from './fit-isolation.ts'
import { fitResidual } from './fit-residual.ts'
import { averagePrecision, eventF1, segmentsOf } from './measures.ts'
import { round } from './result.ts'
import type { Figure, Kind, ReadData } from './result.ts'
import { readLabels, readMetrics } from './servers.ts'
import type { Part, Split } from './split.ts'

/** How the residual model is fitted; chosen on the chosen servers. */
export const RESIDUAL = { lags: [0, 2], share: 0.8, smooth: 3 } as const

const SEED = 1

export interface Machine {
  readonly name: string
  readonly train: readonly (readonly number[])[]
  readonly test: readonly (readonly number[])[]
  readonly labels: readonly boolean[]
}

export interface SmdSplit {
  readonly machine: string
  readonly judgedFromTestRow: number
}

/** Servers of a part of asd. */
export function asdMachines(read: ReadData, split: Split, part: Part): Machine[] {
  return split[part].map((name) => ({
    name,
    train: readMetrics(`asd/${name}_train.csv.gz`, read(`asd/${name}_train.csv.gz`)),
    test: readMetrics(`asd/${name}_test.csv.gz`, read(`asd/${name}_test.csv.gz`)),
    labels: readLabels(`asd/${name}_test_label.csv`, read(`asd/${name}_test_label.csv`)),
  }))
}

/** The machine of smd with the rows of a part. */
export function smdMachines(read: ReadData, { machine, judgedFromTestRow }: SmdSplit, part: Part): Machine[] {
  const path = (what: string): string => `smd/${machine}_${what}.csv.gz`
  const slice = <T>(rows: readonly T[]): readonly T[] =>
    part === 'chosen' ? rows.slice(0, judgedFromTestRow) : rows.slice(judgedFromTestRow)
  return [
    {
      name: machine,
      train: readMetrics(path('train'), read(path('train'))),
      test: slice(readMetrics(path('test'), read(path('test')))),
      labels: slice(readLabels(path('test_label'), read(path('test_label')))),
    },
  ]
}

/** Every row's score, each from the window that ends with it. */
export function residualScores(model: ResidualModel, rows: readonly Sample[]): number[] {
  const length = windowLength(model)
  return rows.map((_, row) => residualScore(model, rows.slice(Math.max(0, row + 1 - length), row + 1)))
}

/** A way to score the rows of a machine after a look at its training rows. */
type Method = readonly [name: string, kind: Kind, score: (machine: Machine, plain: ResidualModel) => number[]]

const METHODS: readonly Method[] = [
  [
    'random',
    'random',
    ({ test }) =>
      test.map(
        (
          (dice) => () =>
            dice.next()
        )(new Dice(SEED)),
      ),
  ],
  ['mean z²', 'simple', ({ test }, plain) => test.map((row) => squares(scaledAt(plain, [row], 0)))],
  ['PCA residual', 'simple', ({ test }, plain) => pcaResidual(test, plain)],
  [
    'PCA residual, moving average 5',
    'simple',
    ({ test }, plain) => movingAverage(pcaResidual(test, plain), 5),
  ],
  ['isolation forest, moving average 5', 'learned', isolation],
  ['k-means distance, moving average 5', 'learned', clustering],
  [
    'residual@1',
    'learned',
    ({ name, train, test }) => residualScores(fitResidual(train, { ...RESIDUAL, about: name }), test),
  ],
]

/** Average precision of each method, the mean over machines, and event-wise F1 at the 99th percentile of training scores. */
export function judgeMachines(set: string, machines: readonly Machine[], transfer?: ResidualModel): Figure[] {
  const plain = machines.map(({ train }) =>
    fitResidual(train, { about: '', lags: [0], smooth: 1, share: 0.9 }),
  )
  const methods: Method[] = [...METHODS]
  if (transfer !== undefined)
    methods.push([
      'residual@1 fitted on other servers',
      'learned',
      ({ test }) => residualScores(transfer, test),
    ])
  const precision = methods.map(([method, kind, score]): Figure => {
    const each = machines.map((machine, place): readonly [string, number] => {
      const model = plain[place]
      const scores = model === undefined ? [] : score(machine, model)
      return [machine.name, round(averagePrecision(scores, machine.labels))]
    })
    const mean = each.reduce((sum, [, value]) => sum + value, 0) / Math.max(1, each.length)
    return figure(set, method, kind, 'average precision', mean, machines, Object.fromEntries(each))
  })
  return [...precision, eventFigure(set, machines)]
}

/** Threshold from the machine's own training rows: no label is needed. */
function eventFigure(set: string, machines: readonly Machine[]): Figure {
  const each = machines.map(({ name, train, test, labels }): readonly [string, number] => {
    const model = fitResidual(train, { ...RESIDUAL, about: name })
    const usual = residualScores(model, train).sort((a, b) => a - b)
    const threshold = usual[Math.floor(usual.length * 0.99)] ?? 0
    return [name, round(eventF1(residualScores(model, test), labels, threshold).f1)]
  })
  const mean = each.reduce((sum, [, value]) => sum + value, 0) / Math.max(1, each.length)
  return figure(set, 'residual@1', 'learned', 'event-wise F1', mean, machines, Object.fromEntries(each))
}

function figure(
  set: string,
  method: string,
  kind: Kind,
  measure: string,
  value: number,
  machines: readonly Machine[],
  each: Readonly<Record<string, number>>,
): Figure {
  const n = machines.reduce((sum, { labels }) => sum + segmentsOf(labels).length, 0)
  return { set, method, kind, measure, value: round(value), n, each }
}

function squares(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value * value, 0)
}

function pcaResidual(rows: readonly Sample[], plain: ResidualModel): number[] {
  return rows.map((row) => squares(leftOver(plain, scaledAt(plain, [row], 0))))
}

function movingAverage(values: readonly number[], width: number): number[] {
  let sum = 0
  return values.map((value, row) => {
    sum += value - (row >= width ? (values[row - width] ?? 0) : 0)
    return sum / Math.min(row + 1, width)
  })
}

function isolation({ train, test }: Machine, plain: ResidualModel): number[] {
  const scaled = (rows: readonly Sample[]): number[][] => rows.map((row) => scaledAt(plain, [row], 0))
  const forest = fitIsolation(scaled(train), SEED, 50)
  return movingAverage(
    scaled(test).map((row) => sumOfTrees(forest, row)[0] ?? 0),
    5,
  )
}

function clustering({ train, test }: Machine, plain: ResidualModel): number[] {
  const scaled = (rows: readonly Sample[]): number[][] => rows.map((row) => scaledAt(plain, [row], 0))
  // every fourth row: 2,160 of two months of 5 minutes
  const centers = fitClusters(scaled(train.filter((_, row) => row % 4 === 0)), SEED, 8)
  return movingAverage(
    scaled(test).map((row) => nearestOf(centers, row).distance),
    5,
  )
}
