import type { PhaseStatus } from '../../types/log.ts'
import { STATUS_NUMBERS } from '../../types/log.ts'

/** What the page is told of a running network, as it happens. Nothing of it is audited. */
export type FeedEvent =
  | {
      readonly type: 'running'
      readonly node: string
      readonly task: string
      readonly seat: number
      readonly members: number
    }
  | {
      readonly type: 'phase'
      readonly node: string
      readonly task: string
      readonly height: number
      readonly round: number
      readonly phase: PhaseStatus
      /** Unix time of the report, ms. */
      readonly atMs: number
    }
  | {
      readonly type: 'decided'
      readonly node: string
      readonly task: string
      readonly height: number
      readonly round: number
      /** Root of the height. */
      readonly value: string
      readonly inputs: number
      /** Unix time of the report, ms. */
      readonly atMs: number
    }
  /** Magnitudes, 0 … 1; null: the node has compared nothing. */
  | {
      readonly type: 'validity'
      readonly task: string
      readonly height: number
      readonly shares: number | null
      readonly final: number | null
    }
  | { readonly type: 'anchored'; readonly task: string; readonly block: number }
  | {
      readonly type: 'convicted'
      readonly task: string
      readonly member: number
      readonly offence: string
      readonly percent: number
      readonly block: number
    }
  | { readonly type: 'fault'; readonly node: string; readonly fault: string; readonly height: number }

type Facts = Readonly<Record<string, unknown>>

/**
 * A line of a node's log as an event for the page; null for lines that the page does not show. Facts are copied field by
 * field: nothing else of a log gets to a browser.
 */
export function feedEvent(node: string, event: string, facts: Facts, atMs: number): FeedEvent | null {
  const task = text(facts['task'])
  const height = count(facts['height'])
  switch (event) {
    case 'task.running':
      return { type: 'running', node, task, seat: count(facts['member']), members: count(facts['members']) }
    case 'phase.enter': {
      const [round, phase] = [count(facts['round']), phaseOf(facts['to'])]
      return { type: 'phase', node, task, height, round, phase, atMs }
    }
    case 'height.decided': {
      const [round, inputs] = [count(facts['round']), count(facts['inputs'])]
      return { type: 'decided', node, task, height, round, value: text(facts['value']), inputs, atMs }
    }
    case 'validity.measured': {
      const { transitional, operational } = facts
      return {
        type: 'validity',
        task,
        height,
        shares: magnitude(transitional),
        final: magnitude(operational),
      }
    }
    case 'checkpoint.mined':
      return { type: 'anchored', task, block: count(facts['block']) }
    case 'member.convicted': {
      const [member, percent, block] = [
        count(facts['member']),
        count(facts['percent']),
        count(facts['block']),
      ]
      return { type: 'convicted', task, member, offence: text(facts['offence']), percent, block }
    }
    case 'fault.acted':
      return { type: 'fault', node, fault: text(facts['fault']), height }
    default:
      return null
  }
}

const text = (value: unknown): string =>
  typeof value === 'string' ? value.slice(0, 80) : typeof value === 'number' ? String(value) : ''

const count = (value: unknown): number => {
  const number = typeof value === 'string' ? Number(value) : value
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number : 0
}

const phaseOf = (value: unknown): PhaseStatus =>
  typeof value === 'string' && Object.hasOwn(STATUS_NUMBERS, value) ? (value as PhaseStatus) : 'INITIAL'

function magnitude(value: unknown): number | null {
  const found = typeof value === 'object' && value !== null && 'magnitude' in value ? value.magnitude : null
  return typeof found === 'number' && found >= 0 && found <= 1 ? found : null
}
