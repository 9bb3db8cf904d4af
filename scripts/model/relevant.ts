import type { EngineState } from '../../src/protocol/state.ts'
import type { Action, Message, MessageClass, Timer } from './menu.ts'
import { CONVENER, ROUNDS } from './world.ts'

/** Actions in groups that are tried apart; within a group, a later phase's follow an earlier one's. */
export type Phases = readonly (readonly Action[])[]

const timer = (name: Timer['name']): Timer => ({ kind: 'timer', label: `${name} timer`, name })
const ANSWERS: readonly Action[] = [
  { kind: 'answer', label: 'reducer answers', fails: false },
  { kind: 'answer', label: 'reducer fails', fails: true },
]

/**
 * Which deliveries can together make a node in this state change visibly. Everything else would only be kept for later,
 * and comes later in another order of the same deliveries (docs/model.md, "Reductions").
 */
export function phasesOf(state: EngineState, menu: readonly Message[]): Phases[] {
  const { round } = state
  const { status } = state.log
  const of = (kind: MessageClass, at?: number): Message[] =>
    menu.filter((message) => message.class === kind && (at === undefined || message.round === at))
  const groups: Phases[] = of('decided').map((frame) => [[frame]])
  for (let r = 0; r < ROUNDS; r += 1) groups.push([[...of('confirm', r), timer('confirm')]])
  if (state.config.self === CONVENER && round === 0) {
    // entering round 1 it convenes with what it holds by then
    const leave = [...of('confirm', 0), timer('confirm')]
    groups.push([of('status'), leave], [of('bundle', 0), leave])
  }
  if (state.pending !== null) return [...groups, [ANSWERS]]
  if (status === 'DEBATE' && round === 0) groups.push([[...of('status'), timer('debate')]])
  if (status === 'DEBATE' && round > 0) {
    // lists bring their objects along; a convener that had too few when it entered waits for more
    const convening = state.config.self === CONVENER
    if (convening) groups.push([[...of('status')]])
    groups.push([[...of('bundle', 0), ...(convening ? [] : of('hello', round)), timer('hello')]])
  }
  if (status === 'SHARE') groups.push([[...of('share', round), ...of('bundle', round), timer('share')]])
  return groups
}
