import { expect } from 'chai'
import { network } from 'hardhat'
import { proofOf, report } from './evidence.ts'
import type { Parties } from './parties.ts'
import { PURSE, emptied, parties, refusal, takeAll } from './parties.ts'
import {
  Story,
  WINDOWS,
  allOf,
  blockNumber,
  form,
  heightOf,
  join,
  mineTo,
  publish,
  stateOf,
  claimsOpenAt,
} from './world.ts'

const connection = await network.create()
const { loadFixture, takeSnapshot } = connection.networkHelpers
const LOCK = 777n
const HEIGHTS = 8n
const TERMS = {
  heights: HEIGHTS,
  epochHeights: 4,
  stakePerNode: LOCK,
  rewardPerHeight: 1_000,
  checkpointFee: 100,
}

/** A task's life so far. */
interface Life {
  readonly all: Parties
  taskId: bigint
  deadline: bigint
  story: Story | null
}

type Step = readonly [name: string, take: (life: Life) => Promise<unknown>]

const joins = (i: number): Step => [
  `join ${i}`,
  ({ all: { w, actors }, taskId }) => join(w, actors[i]!.node, taskId, actors[i]!.keyAddress),
]
/** Four heights; mallory may be silent. Nothing is sent without a cluster. */
const heights = (signers: number[]): Step => [
  `heights of ${signers.length}`,
  ({ story }) => story?.accept(4, { signers }) ?? Promise.resolve(),
]

const LIFE: readonly Step[] = [
  [
    'publish',
    async (life) => {
      const { w } = life.all
      life.deadline = (await blockNumber(w)) + 12n
      life.taskId = await publish(w, { ...TERMS, joinDeadline: life.deadline })
    },
  ],
  ...[0, 1, 2, 3].map(joins),
  ['deadline', ({ all: { w }, deadline }) => mineTo(w, deadline + WINDOWS.reorgDepth)],
  [
    'form',
    async (life) => {
      life.story = await form(life.all.w, life.taskId, life.all.actors)
    },
  ],
  heights([0, 1, 2]),
  [
    'slash',
    async ({ all: { w, mallory }, story }) =>
      story === null
        ? null
        : report(w, w.mallory, proofOf(story, story.members.indexOf(mallory), 'illegalLog')),
  ],
  heights([0, 1, 2, 3]),
  [
    'finalize',
    async ({ all: { w }, taskId, story }) => {
      if (story === null) return
      const before = new Story(w, taskId, story.cluster, [], {})
      const { root } = before.fold(before.heights(Number(HEIGHTS) - 1))
      await w.board.finalize(
        taskId,
        stateOf(HEIGHTS),
        root,
        heightOf(HEIGHTS).inputsRoot,
        allOf(story.members.length),
      )
    },
  ],
  [
    'claim',
    async ({ all: { w, actors }, taskId }) => {
      const opensAt = await claimsOpenAt(w, taskId)
      await mineTo(w, (opensAt === 0n ? (await blockNumber(w)) + WINDOWS.taskBlocksMax : opensAt) - 1n)
      await w.board.connect(actors[0]!.operator).claim(taskId)
    },
  ],
  ['release', ({ all: { w, actors }, taskId }) => w.board.release(taskId, actors[1]!.keyAddress)],
]
const REVOKE: Step = ['revoke', ({ all: { w }, taskId }) => w.board.connect(w.client).revoke(taskId)]

/** The life as it is, and with a revocation put in at every place. */
const lives: readonly (readonly Step[])[] = [
  LIFE,
  ...LIFE.map((_, i) => [...LIFE.slice(0, i + 1), REVOKE, ...LIFE.slice(i + 1)]),
]

describe('A task in which everybody falls silent', () => {
  for (const [at, steps] of lives.entries()) {
    const title = at === 0 ? 'not revoked' : `revoked after ${LIFE[at - 1]![0]}`
    it(`frees all money by the calls of its owners alone, after any step: ${title}`, async function () {
      this.timeout(120_000)
      const all = await loadFixture(begin)
      const life: Life = { all, taskId: 0n, deadline: 0n, story: null }
      const done: string[] = []
      for (const [name, take] of steps) {
        const refused = await refusal(() => take(life))
        done.push(refused === null ? name : `(${name}: ${refused})`)
        // what comes before the revocation is the same as without it
        if (at > 0 && !done.some((one) => one.includes('revoke'))) continue
        const here = await takeSnapshot()
        const story = life.story?.copy() ?? null
        await expectAllTaken(life, done)
        await here.restore()
        life.story = story
      }
      expect(done).to.have.length(steps.length)
    })
  }
})

async function begin(): Promise<Parties> {
  return parties(connection)
}

/** Time passes, nobody but the owners calls, and only mallory is poorer than before. */
async function expectAllTaken({ all, taskId }: Life, done: readonly string[]): Promise<void> {
  const { w, actors, mallory } = all
  const before = done.join(', ')
  await mineTo(w, (await blockNumber(w)) + WINDOWS.taskBlocksMax + WINDOWS.closeGrace + WINDOWS.evidence)
  await takeAll(all, taskId)
  const purses = await emptied(all)
  for (const { name } of actors.filter((actor) => actor !== mallory))
    expect(purses[name]! >= PURSE, `${name} after ${before}`).to.equal(true)
  // a fee that a signature is missing of, or a part of a lock
  const burns = done.some((step) => step === 'slash' || step.startsWith('heights')) && done.includes('form')
  expect(purses['burnt']! > 0n, `burnt after ${before}`).to.equal(burns)
}
