import { expect } from 'chai'
import { network } from 'hardhat'
import { proofOf, report } from './evidence.ts'
import type { Parties, Purses } from './parties.ts'
import { PURSE, emptied, parties, refusal, takeAll } from './parties.ts'
import type { Story } from './world.ts'
import {
  BOUNTY,
  STAKE,
  WINDOWS,
  allOf,
  blockNumber,
  heightOf,
  mineTo,
  running,
  stateOf,
  claimsOpenAt,
} from './world.ts'

const connection = await network.create()
const { loadFixture, takeSnapshot } = connection.networkHelpers
const HEIGHTS = 8n
const REWARD = 1_000n
const LOCK = 777n
const FEE = 100n

async function worked() {
  const all = await parties(connection)
  const pay = { stakePerNode: LOCK, rewardPerHeight: REWARD, checkpointFee: FEE }
  // silence does not end it: only the end block or its client
  const params = { heights: 64, epochHeights: 4, stallBlocks: 2_000, ...pay }
  const story = await running(all.w, all.actors, params)
  const withoutLast = story.heights(4).map((height) => ({ ...height, list: 0b0111n }))
  await story.accept(4, { signers: [0, 1, 2], heights: withoutLast })
  await story.accept(3)
  const { root } = story
  await story.accept()
  return { all, story, root }
}

type Scene = Awaited<ReturnType<typeof worked>>

/** Mines until a call that is refused for being early can be accepted, if time alone is what it lacks. */
async function settled({ all: { w }, story }: Scene): Promise<void> {
  if ((await claimsOpenAt(w, story.taskId)) === 0n)
    await mineTo(w, (await blockNumber(w)) + WINDOWS.taskBlocksMax)
  await mineTo(w, (await claimsOpenAt(w, story.taskId)) - 1n)
}

async function closed({ all: { w }, story }: Scene): Promise<void> {
  const { revokedBlock } = await w.board.task(story.taskId)
  const [published] = await w.board.queryFilter(w.board.filters.TaskPublished(story.taskId))
  const end = revokedBlock === 0n ? published!.args.params.endBlock : revokedBlock
  await mineTo(w, end + WINDOWS.closeGrace)
}

const malloryOf = ({ all, story }: Scene): number => story.members.indexOf(all.mallory)

/** What the parties can do, each as soon as time allows it. */
const ACTIONS = {
  revoke: ({ all: { w }, story }: Scene) => w.board.connect(w.client).revoke(story.taskId),
  slash: (scene: Scene) =>
    report(scene.all.w, scene.all.w.mallory, proofOf(scene.story, malloryOf(scene), 'amnesia')),
  finalize: async (scene: Scene) => {
    await closed(scene)
    const { all, story, root } = scene
    const { inputsRoot } = heightOf(HEIGHTS)
    return all.w.board
      .connect(all.w.mallory)
      .finalize(story.taskId, stateOf(HEIGHTS), root, inputsRoot, allOf(story.members.length))
  },
  claim: async (scene: Scene) => {
    await settled(scene)
    const { all, story } = scene
    await all.w.board.connect(all.actors[0]!.operator).claim(story.taskId)
    return all.w.board.connect(all.w.client).claim(story.taskId)
  },
  exit: ({ all: { w, actors } }: Scene) =>
    w.registry.connect(actors[1]!.operator).requestUnbond(STAKE - LOCK),
} as const
type Action = keyof typeof ACTIONS

const NAMES = Object.keys(ACTIONS) as Action[]
/** What is too late after which others, and the refusal. */
const LATE: Readonly<Partial<Record<Action, { readonly after: readonly Action[]; readonly error: string }>>> =
  {
    // both wait for the end of the task
    revoke: { after: ['finalize', 'claim'], error: 'StatusNotAllowed' },
    // a claim waits for the end of the evidence window
    slash: { after: ['claim'], error: 'TooLate' },
  }

describe('Any order of finalize, slash, claim, revoke and exit', () => {
  it('gives everybody the same, but for the liar who is reported too late', async function () {
    this.timeout(300_000)
    const scene = await loadFixture(worked)
    const start = await takeSnapshot()
    const ends = new Map<string, { readonly purses: Purses; readonly order: string }>()
    for (const order of permutations(NAMES)) {
      const { all } = scene
      const refused: Action[] = []
      for (const [i, name] of order.entries()) {
        const { after = [], error = null } = LATE[name] ?? {}
        const isLate = order.slice(0, i).some((one) => after.includes(one))
        const found = await refusal(() => ACTIONS[name](scene))
        expect(found, `${name} in ${order.join(' ')}`).to.equal(isLate ? error : null)
        if (isLate) refused.push(name)
      }
      await settled(scene)
      await takeAll(all, scene.story.taskId)
      const purses = await emptied(all)
      const key = refused.includes('slash') ? 'not slashed' : 'slashed'
      const known = ends.get(key) ?? { purses, order: order.join(' ') }
      expect(purses, `${order.join(' ')} against ${known.order}`).to.deep.equal(known.purses)
      ends.set(key, known)
      await start.restore()
    }
    expectPurses(scene.story, scene.all, ends)
  })
})

/** The amounts themselves, by arithmetic: 8 heights, of which one member missed 4; two fees; one lock. */
function expectPurses(
  story: Story,
  { mallory, actors }: Parties,
  ends: ReadonlyMap<string, { readonly purses: Purses }>,
): void {
  const honest = ends.get('not slashed')!.purses
  const slashed = ends.get('slashed')!.purses
  const credit = LOCK / 10n < BOUNTY ? LOCK / 10n : BOUNTY
  expect(slashed['reporter']! - honest['reporter']!).to.equal(credit)
  const convict = honest[mallory.name]! - PURSE
  // what the last member missed, and the signature that one of two fees is short of
  const unearned = (REWARD * 4n) / 4n + FEE - (FEE * 3n) / 4n
  expect([honest['burnt'], slashed['burnt']]).to.deep.equal([unearned, unearned + LOCK - credit + convict])
  expect(slashed['client']).to.equal(honest['client'])
  for (const { name } of actors) {
    const heights = story.members[3]!.name === name ? 4n : 8n
    const earned = honest[name]! - PURSE
    const fee = earned - (REWARD * heights) / 4n
    expect([0n, (FEE * 3n) / 4n, FEE], `${name} earned ${earned}`).to.include(fee)
    if (name === mallory.name) {
      expect(slashed[name]).to.equal(PURSE - LOCK)
    } else expect(slashed[name]).to.equal(honest[name])
  }
}

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length <= 1) return [[...items]]
  return items.flatMap((item, i) => permutations(items.toSpliced(i, 1)).map((rest) => [item, ...rest]))
}
