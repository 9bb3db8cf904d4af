import type { Protocol, TxAnswer } from '../../../src/types/transaction.ts'
import type { TxCluster } from './cluster.ts'
import { POINTS } from './node.ts'
import type { Death, Label } from './node.ts'

/** A node that dies in a transaction, and whether it is away until all others are done. */
export interface Story extends Death {
  readonly protocol: Protocol
  readonly staysAway: boolean
}

const LABELS: Readonly<Record<Protocol, readonly Label[]>> = {
  agreed: ['coordinator begun', 'coordinator decided', 'coordinator over', 'store prepare', 'store outcome'],
  '2pc': ['coordinator begun', 'coordinator decided', 'coordinator over', 'store prepare', 'store outcome'],
  '3pc': [
    ...(['coordinator begun', 'coordinator decided', 'coordinator over'] as const),
    ...(['store prepare', 'store accept', 'store outcome'] as const),
  ],
}

/** It leads no store. */
const COORDINATOR = 4
const SOON_MS = 300
const LONG_MS = 60_000

/** All labelled states of a protocol, at each point of a step; of every second one the node stays away. */
export function storiesOf(protocol: Protocol): Story[] {
  return LABELS[protocol].flatMap((label, i) =>
    POINTS.map((point, j): Story => {
      // what a coordinator of 2PC has not said, nobody can know without it
      const isNeeded = protocol === '2pc' && label.startsWith('coordinator')
      return { protocol, label, point, staysAway: (i + j) % 2 === 1 && !isNeeded }
    }),
  )
}

/** Plays one transaction over three stores. @returns what must not be, empty: all is well */
export async function play(cluster: TxCluster, story: Story, value: string): Promise<string[]> {
  const { protocol, label, point, staysAway } = story
  const dies = label.startsWith('store') ? cluster.primary(1) : COORDINATOR
  const before = await settled(cluster)
  cluster.node(dies).death = { label, point }
  let answer: TxAnswer | null = null
  const ask = (): void => void cluster.begin(COORDINATOR, protocol, value).then((said) => (answer = said))
  ask()
  await cluster.until(
    `somebody comes to ${label}`,
    () => {
      // who has just come back knows of no stores yet
      if (answer?.code === 'refused') ask()
      return !cluster.isAlive(dies)
    },
    LONG_MS,
  )
  if (staysAway) {
    await settled(cluster)
    if (dies !== COORDINATOR) await cluster.until('the client has an answer', () => answer !== null, LONG_MS)
  } else await cluster.pass(SOON_MS)
  await cluster.revive(dies)
  // who asks again under the same name means the same transaction
  let again: TxAnswer | null = null
  await cluster.until(
    'the coordinator knows how it ended',
    async () => {
      again = await cluster.begin(COORDINATOR, protocol, value)
      return again.code === 'decided'
    },
    LONG_MS,
  )
  const after = await settled(cluster)
  await cluster.until('nobody has it open', () => cluster.open() === 0, LONG_MS)
  return faultsIn(story, before, after, value, answer, again)
}

function faultsIn(
  { protocol, staysAway, label, point }: Story,
  before: string,
  after: string,
  value: string,
  answer: TxAnswer | null,
  again: TxAnswer | null,
): string[] {
  const faults: string[] = []
  const outcome = again?.code === 'decided' ? again.outcome : 'none'
  if (after !== (outcome === 'commit' ? value : before))
    faults.push(`${outcome}, and the stores have ${after}`)
  if (answer !== null && answer.code === 'decided' && answer.outcome !== outcome)
    faults.push(`${answer.outcome} at first, then ${outcome}`)
  // with all stores alive, and with one that others go on for, nothing has to abort once all have voted
  const isPresumed = protocol === '2pc' && label === 'coordinator decided' && point === 'before-log'
  const mayAbort = label === 'store prepare' || label === 'coordinator begun' || isPresumed
  if (outcome !== 'commit' && !mayAbort) faults.push(`aborted at ${label}${staysAway ? ', away' : ''}`)
  return faults
}

/** What all stores have, once nobody is in doubt any more. */
async function settled(cluster: TxCluster): Promise<string> {
  let values: readonly string[] = []
  await cluster.until(
    'all stores have the same',
    async () => {
      values = await cluster.readSomewhere()
      return new Set(values).size === 1 && !values.some((one) => one === 'locked' || one.startsWith('?'))
    },
    LONG_MS,
  )
  return values[0] ?? ''
}
