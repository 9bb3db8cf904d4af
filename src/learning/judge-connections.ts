import type { TreesModel } from '../services/sentinel/model.ts'
import { treesScores } from '../services/sentinel/trees.ts'
import { encodeRow } from '../services/sentinel/words.ts'
import { bootstrap } from './bootstrap.ts'
import { GROUPS, readConnections, TEXT_COLUMNS } from './connections.ts'
import type { Connection } from './connections.ts'
import { connectionBayes } from './connection-bayes.ts'
import { Dice } from './dice.ts'
import { fitForest } from './fit-trees.ts'
import { macroF1 } from './measures.ts'
import { round } from './result.ts'
import type { Figure, Kind, ReadData } from './result.ts'
import type { Part } from './split.ts'

/** Chosen by two folds of the chosen rows. */
export const FOREST = { seed: 1, trees: 20, depthMax: 12, rowsMin: 1, tried: 10, perClass: 1_000 } as const

const FILE = 'kdd99/kdd99_sample.csv.gz'

/** Rows of the chosen part. */
export function chosenConnections(read: ReadData): Connection[] {
  return readConnections(FILE, read(FILE)).filter((_, row) => row % 2 === 0)
}

/** Words of each text column by their share of attacks in training, so that a threshold can part them. */
function wordsOf(rows: readonly Connection[]): string[][] {
  return Array.from({ length: rows[0]?.cells.length ?? 0 }, (_, column) => {
    if (!TEXT_COLUMNS.includes(column)) return []
    const seen = new Map<string, { attacks: number; rows: number }>()
    for (const { cells, group } of rows) {
      const word = cells[column] ?? ''
      const entry = seen.get(word) ?? { attacks: 0, rows: 0 }
      seen.set(word, entry)
      entry.rows += 1
      if (group > 0) entry.attacks += 1
    }
    const share = ({ attacks, rows: all }: { attacks: number; rows: number }): number => attacks / all
    return [...seen].sort(([a, x], [b, y]) => share(x) - share(y) || (a < b ? -1 : 1)).map(([word]) => word)
  })
}

export function fitConnections(rows: readonly Connection[], about: string): TreesModel {
  const words = wordsOf(rows)
  const encoded = rows.map(({ numbers, cells }) => encodeRow(words, numbers, cells))
  const classes = rows.map(({ group }) => group)
  const { outputs, trees } = fitForest(encoded, classes, GROUPS.length, FOREST)
  const features = words.map((_, column) => `column ${String(column + 1)}`)
  const base = GROUPS.map(() => 0)
  return {
    ...{ kind: 'trees@1', about, outputs, trees, features, words, names: GROUPS, base },
    divisor: trees.length,
  }
}

/** Group with the most votes; a tie goes to the first. */
export function groupOf(model: TreesModel, { numbers, cells }: Connection): number {
  const votes = treesScores(model, encodeRow(model.words, numbers, cells))
  return votes.indexOf(Math.max(...votes))
}

/** Macro F1 over the five groups; and over rows of attack names that no training row had. */
export function judgeConnections(read: ReadData, part: Part, heldOutNames: readonly string[]): Figure[] {
  const all = readConnections(FILE, read(FILE))
  const even = all.filter((_, row) => row % 2 === 0)
  // on the chosen part, one fold of the chosen rows stands for the judged ones
  const train = part === 'judged' ? even : even.filter((_, row) => row % 2 === 0)
  const test =
    part === 'judged' ? all.filter((_, row) => row % 2 === 1) : even.filter((_, row) => row % 2 === 1)
  const labels = test.map(({ group }) => group)
  const forest = fitConnections(train, 'kdd99')
  const bayes = connectionBayes(train)
  const dice = new Dice(1)
  const guesses: readonly (readonly [string, Kind, number[]])[] = [
    ['random', 'random', test.map(() => dice.below(GROUPS.length))],
    ['one rule: group by service', 'simple', oneRule(train, test)],
    ['naive Bayes', 'simple', test.map(bayes)],
    ['forest', 'learned', test.map((row) => groupOf(forest, row))],
  ]
  const figures = guesses.flatMap(([method, kind, guess]): Figure[] => {
    const { macro, byClass } = macroF1(guess, labels, GROUPS.length)
    const interval = bootstrap(
      test.length,
      1,
      (places) => {
        const drawn = (values: readonly number[]): number[] => places.map((place) => values[place] ?? 0)
        return macroF1(drawn(guess), drawn(labels), GROUPS.length).macro
      },
      300,
    )
    const each = Object.fromEntries(GROUPS.map((name, group) => [name, round(byClass[group]?.f1 ?? 0)]))
    return [
      {
        set: 'kdd99',
        method,
        kind,
        measure: 'macro F1',
        value: round(macro),
        interval: [round(interval[0]), round(interval[1])],
        n: test.length,
        each,
      },
    ]
  })
  return [...figures, ...unseenNames(train, test, heldOutNames)]
}

/** Trained without some attack names: what it says of them, and how often it cries over normal rows. */
function unseenNames(
  train: readonly Connection[],
  test: readonly Connection[],
  names: readonly string[],
): Figure[] {
  const known = train.filter(({ name }) => !names.includes(name))
  const asked = test.filter(({ name }) => names.includes(name) || name === 'normal')
  const labels = asked.map(({ group }) => group)
  const isAttack = (groups: readonly number[], row: number): boolean => (groups[row] ?? 0) > 0
  const forest = fitConnections(known, 'kdd99 without held-out names')
  const bayes = connectionBayes(known)
  const methods: readonly (readonly [string, Kind, number[]])[] = [
    ['naive Bayes', 'simple', asked.map(bayes)],
    ['forest', 'learned', asked.map((row) => groupOf(forest, row))],
  ]
  return methods.flatMap(([method, kind, guess]): Figure[] => {
    const attacks = labels.flatMap((label, row) => (label > 0 ? [row] : []))
    const normal = labels.flatMap((label, row) => (label === 0 ? [row] : []))
    const each = Object.fromEntries(
      names.map((name) => {
        const rows = attacks.filter((row) => asked[row]?.name === name)
        return [name, round(rows.filter((row) => isAttack(guess, row)).length / Math.max(1, rows.length))]
      }),
    )
    const share = (rows: readonly number[]): number =>
      round(rows.filter((row) => isAttack(guess, row)).length / Math.max(1, rows.length))
    const common = { set: 'kdd99', method, kind }
    return [
      {
        ...common,
        measure: 'macro F1, unseen names',
        value: round(macroF1(guess, labels, GROUPS.length).macro),
        n: asked.length,
      },
      {
        ...common,
        measure: 'unseen names not called normal',
        value: share(attacks),
        n: attacks.length,
        each,
      },
      {
        ...common,
        measure: 'false alarms, trained without those names',
        value: share(normal),
        n: normal.length,
      },
    ]
  })
}

function oneRule(train: readonly Connection[], test: readonly Connection[]): number[] {
  const counts = new Map<string, number[]>()
  for (const { cells, group } of train) {
    const service = counts.get(cells[2] ?? '') ?? GROUPS.map(() => 0)
    counts.set(cells[2] ?? '', service)
    service[group] = (service[group] ?? 0) + 1
  }
  return test.map(({ cells }) => {
    const groups = counts.get(cells[2] ?? '') ?? [1]
    return groups.indexOf(Math.max(...groups))
  })
}
