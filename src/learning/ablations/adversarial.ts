/** Attackers who know the classifier and hide: what training on their tricks is worth. */
import type { TreesModel } from '../../services/sentinel/model.ts'
import type { Connection } from '../connections.ts'
import { GROUPS, TEXT_COLUMNS } from '../connections.ts'
import { Dice } from '../dice.ts'
import { fitConnections, groupOf } from '../judge-connections.ts'
import { macroF1 } from '../measures.ts'
import type { Ablation } from './ablation.ts'
import { ablation } from './ablation.ts'

/** Attempts per connection, and columns that one attempt borrows from a normal connection. */
const TRIES = 30
const COLUMNS = 4
const ROUNDS = 2
const SET = 'kdd99'

/**
 * One attempt after the other: some columns of numbers become those of a normal connection that the attacker saw; the first that
 * the model takes for normal, or undefined. Words (protocol, service, flag) stay: they are what the attack is made of.
 */
export function hide(
  model: TreesModel,
  attack: Connection,
  normal: readonly Connection[],
  dice: Dice,
): Connection | undefined {
  if (groupOf(model, attack) === 0) return attack
  const free = attack.numbers.flatMap((_, column) => (TEXT_COLUMNS.includes(column) ? [] : [column]))
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const like = normal[dice.below(normal.length)]
    const numbers = [...attack.numbers]
    for (const place of dice.sample(free.length, COLUMNS)) {
      const column = free[place] ?? 0
      numbers[column] = like?.numbers[column] ?? 0
    }
    const hidden = { ...attack, numbers }
    if (groupOf(model, hidden) === 0) return hidden
  }
  return undefined
}

/** Half of the rows train, the others judge; the attacker tries anew against each model. */
export function judgeAdversarial(rows: readonly Connection[]): Ablation[] {
  const train = rows.filter((_, row) => row % 2 === 0)
  const test = rows.filter((_, row) => row % 2 === 1)
  const plain = fitConnections(train, '')
  const hardened = harden(plain, train)
  const attacks = test.filter(({ group }) => group > 0)
  const normal = test.filter(({ group }) => group === 0)
  const foundBy = (model: TreesModel): number[] => {
    const dice = new Dice(7)
    return attacks.map((attack) => (hide(model, attack, normal, dice) === undefined ? 1 : 0))
  }
  const share = (found: readonly number[]) => (places: readonly number[]) =>
    places.reduce((sum, place) => sum + (found[place] ?? 0), 0) / places.length
  const labels = test.map(({ group }) => group)
  const f1 = (model: TreesModel): ((places: readonly number[]) => number) => {
    const guess = test.map((row) => groupOf(model, row))
    const drawn = (values: readonly number[], places: readonly number[]): number[] =>
      places.map((place) => values[place] ?? 0)
    return (places) => macroF1(drawn(guess, places), drawn(labels, places), GROUPS.length).macro
  }
  const technique = 'adversarial training: hidden attacks are added with their true names'
  return [
    ablation({
      ...{
        technique,
        set: SET,
        measure: `attacks still found after ${TRIES} attempts to hide`,
        n: attacks.length,
      },
      ...{ without: share(foundBy(plain)), with: share(foundBy(hardened)) },
    }),
    ablation({
      ...{ technique, set: SET, measure: 'macro F1, nobody hides', n: test.length },
      ...{ without: f1(plain), with: f1(hardened) },
    }),
  ]
}

/** Each round adds what hides from the model of the round before, and fits anew. */
function harden(first: TreesModel, train: readonly Connection[]): TreesModel {
  const normal = train.filter(({ group }) => group === 0)
  const added: Connection[] = []
  let model = first
  for (let round = 0; round < ROUNDS; round += 1) {
    const dice = new Dice(round)
    for (const attack of train.filter(({ group }) => group > 0)) {
      const hidden = hide(model, attack, normal, dice)
      if (hidden !== undefined) added.push(hidden)
    }
    model = fitConnections([...train, ...added], '')
  }
  return model
}
