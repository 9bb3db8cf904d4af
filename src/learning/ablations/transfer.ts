/** A model fitted on other servers: what a threshold of one's own is worth, and what all of one's own data. */
import { fitResidual } from '../fit-residual.ts'
import { RESIDUAL, residualScores } from '../judge-servers.ts'
import type { Machine } from '../judge-servers.ts'
import { eventF1 } from '../measures.ts'
import type { Ablation } from './ablation.ts'
import { ablation } from './ablation.ts'

/** The threshold is what this share of usual scores stays below. */
const USUAL_BELOW = 0.99
/** One week of 5 minutes. */
const WEEK = 2_016

/** Each server in turn is the new one; the others are public. No label chooses anything. */
export function judgeTransfer(machines: readonly Machine[]): Ablation[] {
  const each = machines.map(({ name, train, test, labels }) => {
    const others = machines.filter((other) => other.name !== name).map((other) => other.train.slice(0, WEEK))
    const shared = fitResidual(others.flat(), { ...RESIDUAL, about: '' })
    const own = fitResidual(train, { ...RESIDUAL, about: '' })
    const scores = residualScores(shared, test)
    const f1 = (of: readonly number[], limit: number): number => eventF1(of, labels, limit).f1
    return {
      theirs: f1(scores, usual(others.flatMap((rows) => residualScores(shared, rows)))),
      local: f1(scores, usual(residualScores(shared, train))),
      own: f1(residualScores(own, test), usual(residualScores(own, train))),
    }
  })
  const meanOf =
    (of: (one: (typeof each)[number]) => number) =>
    (places: readonly number[]): number =>
      places.reduce((sum, place) => sum + (each[place] === undefined ? 0 : of(each[place])), 0) /
      places.length
  const common = { set: 'asd', measure: 'event-wise F1', n: machines.length } as const
  return [
    ablation({
      ...{ ...common, technique: 'transfer: the threshold of other servers → one’s own' },
      ...{ without: meanOf(({ theirs }) => theirs), with: meanOf(({ local }) => local) },
    }),
    ablation({
      ...{
        ...common,
        technique: 'transfer: a model of other servers → one’s own, both with one’s own threshold',
      },
      ...{ without: meanOf(({ local }) => local), with: meanOf(({ own }) => own) },
    }),
  ]
}

function usual(scores: readonly number[]): number {
  return [...scores].sort((a, b) => a - b)[Math.floor(scores.length * USUAL_BELOW)] ?? 0
}
