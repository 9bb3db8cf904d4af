import { STRATEGY_NAMES } from '../services/placement/codec.ts'
import { DEFAULT_POLICY } from '../services/policy.ts'
import { CONSISTENCIES } from '../types/store-request.ts'
import type { Analysis, Figure } from './analyse.ts'
import { BALANCERS } from './queue/balancers.ts'
import type { Cell, Scenario } from './scenario.ts'

/** The cell that the user wrote: what each alternative is held against. */
export const AS_IS = 'as-is'
const FACTOR = 'alternative'
/** Chance below which a difference counts, after Holm over all alternatives. */
const ALPHA = 0.05

/** What is ranked by, and what else is kept, by model. */
const MEASURES = {
  queue: ['goodput', 'errors', 'cpu', 'latency'],
  store: ['throughput', 'availability', 'lost_writes', 'latency'],
} as const
export type AdvisedModel = keyof typeof MEASURES
export const ADVISED_MODELS = Object.keys(MEASURES) as AdvisedModel[]

/** Balancers that a gateway has; the others are baselines of the laboratory. */
const GATEWAY = BALANCERS.filter((name) => !['round-robin', 'random', 'priority'].includes(name))
const COPIES = [1, 2, 3, 4, 5]

interface Change {
  readonly label: string
  readonly set: Record<string, unknown>
  /** The scenario has it already. */
  readonly isThere: boolean
}

/** The scenario with one alternative after the other as its only factor; null: nobody can advise on this model. */
export function advised(scenario: Scenario): Scenario | null {
  const { model } = scenario
  if (model !== 'queue' && model !== 'store') return null
  const changes = (model === 'queue' ? queueChanges : storeChanges)(scenario)
  const [ranked, ...others] = MEASURES[model]
  return {
    ...scenario,
    measures: [ranked, ...others],
    factors: {
      [FACTOR]: [
        { label: AS_IS, set: {} },
        ...changes.filter(({ isThere }) => !isThere).map(({ label, set }) => ({ label, set })),
      ],
    },
    compare: [{ factor: FACTOR, baseline: AS_IS, measures: [ranked] }],
    claims: [],
    frontier: undefined,
  }
}

function queueChanges({ balancer, services, mechanisms, placement }: Cell): Change[] {
  const gateway = GATEWAY.map((name): Change => {
    return { label: `balancer:${name}`, set: { balancer: name }, isThere: balancer === name }
  })
  const switches = (['redundancy', 'detection'] as const).map((name) =>
    switched(`mechanisms.${name}`, mechanisms[name]),
  )
  // without services every node serves every request: there is nothing to place
  if (services.length === 0) return [...gateway, ...switches]
  const least = mechanisms.redundancy ? 2 : 1
  const copies = COPIES.filter((count) => count >= least).map((count): Change => {
    const range: [number, number] = [count, count]
    return {
      label: `copies:${count}`,
      set: { services: services.map((one) => ({ ...one, copies: range })) },
      isThere: services.every(({ copies: given }) => given.every((one) => Math.max(least, one) === count)),
    }
  })
  const strategies = STRATEGY_NAMES.map((name): Change => {
    const isThere = (placement.strategy ?? DEFAULT_POLICY.placement.strategy) === name
    return { label: `strategy:${name}`, set: { 'placement.strategy': name }, isThere }
  })
  const moves = switched('mechanisms.adaptability', mechanisms.adaptability)
  return [...gateway, ...strategies, ...copies, ...switches, moves]
}

/** A strong write needs more than half of the copies: their number is the quorum. */
function storeChanges({ store }: Cell): Change[] {
  return [
    ...CONSISTENCIES.map((name): Change => {
      const isThere = store.consistency === name
      return { label: `consistency:${name}`, set: { 'store.consistency': name }, isThere }
    }),
    ...COPIES.map((count): Change => {
      const label = `copies:${count}/quorum:${Math.floor(count / 2) + 1}`
      return { label, set: { 'store.copies': count }, isThere: store.copies === count }
    }),
    ...[1, 0].map((batch): Change => {
      const label = batch === 0 ? 'sync:all-that-wait' : 'sync:each'
      return { label, set: { 'store.batch': batch }, isThere: store.batch === batch }
    }),
  ]
}

function switched(path: string, isOn: boolean): Change {
  const name = path.split('.').at(-1) ?? path
  return { label: `${name}:${isOn ? 'off' : 'on'}`, set: { [path]: !isOn }, isThere: false }
}

export interface Advice {
  readonly rank: number
  readonly alternative: string
  readonly figures: Readonly<Record<string, Figure>>
  /** Of the measure that is ranked by, minus that of the scenario as it is, by pairs of seeds; null for itself. */
  readonly difference: Figure | null
  readonly verdict: 'better' | 'worse' | 'no difference shown' | typeof AS_IS
}

/** Alternatives by what they serve, the most first; a difference counts if its p after Holm does. */
export function rankedAdvice({ measures: [ranked = ''] }: Scenario, analysis: Analysis): Advice[] {
  const contrasts = analysis.comparisons[0]?.contrasts ?? []
  const value = (figures: Readonly<Record<string, Figure>>): number => figures[ranked]?.value ?? -Infinity
  return analysis.cells
    .map(({ levels, figures }) => ({ alternative: levels[FACTOR] ?? '', figures }))
    .sort((a, b) => value(b.figures) - value(a.figures))
    .map(({ alternative, figures }, i): Advice => {
      const found = contrasts.find(({ level }) => level === alternative)
      const isShown = found !== undefined && found.pHolm < ALPHA
      const side = isShown ? (found.difference > 0 ? 'better' : 'worse') : 'no difference shown'
      return {
        rank: i + 1,
        alternative,
        figures,
        difference: found === undefined ? null : { n: found.n, value: found.difference, ci95: found.ci95 },
        verdict: alternative === AS_IS ? AS_IS : side,
      }
    })
}
