/** Gas of the registry's and the board's calls. */
import type { Costs } from './cost-of.ts'
import { aside, gasOf } from './cost-of.ts'
import { proofOf, report } from './evidence.ts'
import type { Actor, World } from './world.ts'
import {
  ONE_MULTIADDR,
  STAKE,
  UNBONDING_BLOCKS,
  WINDOWS,
  allOf,
  blockNumber,
  consent,
  drawingOf,
  form,
  join,
  claimsOpenAt,
} from './world.ts'
import {
  heightOf,
  joined,
  mineTo,
  newActor,
  publish,
  registered,
  running,
  stateOf,
  taskParams,
} from './world.ts'

const EVENT = `0x${'e7'.repeat(32)}`
const SIGN_UPS_PER_SEAT = 4

/** One address announced per key; the operator has money, keys and tranches from before. */
export async function registryCosts(w: World): Promise<Costs> {
  const owner = await registered(w, 'owner')
  const { operator, operatorAddress, keyAddress } = owner
  const [second, third] = [await newActor(w, 'second'), await newActor(w, 'third')]
  const registry = w.registry.connect(operator)
  await registry.requestUnbond(1)
  await mineTo(w, (await blockNumber(w)) + UNBONDING_BLOCKS)
  const signatures = [
    await consent(w, second.key, operatorAddress),
    await consent(w, third.key, operatorAddress),
  ] as const
  return {
    register: await aside(w, () =>
      registry.register(second.publicKey, STAKE, 100, STAKE, ONE_MULTIADDR, signatures[0]),
    ),
    setAllowance: await aside(w, () => registry.setAllowance(keyAddress, 100, STAKE)),
    addStake: await aside(w, () => registry.addStake(STAKE)),
    requestUnbond: await aside(w, () => registry.requestUnbond(1)),
    withdraw: await aside(w, () => registry.withdraw(0)),
    rotateKey: await aside(w, () =>
      registry.rotateKey(keyAddress, third.publicKey, ONE_MULTIADDR, signatures[1]),
    ),
    updateAddresses: await aside(w, () => registry.updateAddresses(keyAddress, ONE_MULTIADDR)),
    freeze: await aside(w, () => registry.freeze(keyAddress)),
    setPayout: await aside(w, () => registry.setPayout(w.mallory)),
    offerAccount: await aside(w, () => registry.offerAccount(w.mallory)),
    acceptAccount: await acceptCost(w, owner),
  }
}

async function acceptCost(w: World, { operator, operatorAddress }: Actor): Promise<number> {
  await w.registry.connect(operator).offerAccount(w.mallory)
  return aside(w, () => w.registry.connect(w.mallory).acceptAccount(operatorAddress))
}

/** Every call in the life of a task that accepts one height of two, by the last to sign up and the first to claim. */
export async function taskCosts(w: World, actors: readonly Actor[]): Promise<Costs> {
  const [client, anybody] = [w.board.connect(w.client), w.board.connect(w.mallory)]
  const n = actors.length
  // not the first task of the deployment
  await publish(w)
  const joinDeadline = (await blockNumber(w)) + 10n + BigInt(n)
  const params = await taskParams(w, {
    maxNodes: n,
    formGasPrice: 1,
    heights: 2,
    epochHeights: 1,
    stallBlocks: 8 * n,
    joinDeadline,
  })
  const published = await gasOf(client.publish(params))
  const taskId = await w.board.tasks()
  const revokedOpen = await aside(w, () => client.revoke(taskId))
  const joins = []
  for (const { node, keyAddress } of actors) {
    joins.push(await gasOf(join(w, node, taskId, keyAddress)))
  }
  const last = actors.at(-1)!
  const quit = await aside(w, () => w.board.connect(last.node).quit(taskId, last.keyAddress))
  await mineTo(w, joinDeadline + WINDOWS.reorgDepth)
  const drawing = await drawingOf(w, taskId)
  const formed = await aside(w, () => anybody.form(...drawing))
  const story = await form(w, taskId, actors)
  const revoked = await aside(w, () => client.revoke(taskId))
  const posted = await aside(w, () => client.postEvent(taskId, EVENT))
  const rootBefore = story.root
  const checkpoint = await gasOf(story.accept())
  await client.revoke(taskId)
  await mineTo(w, (await blockNumber(w)) + WINDOWS.closeGrace)
  const result = [stateOf(1n), rootBefore, heightOf(1n).inputsRoot, allOf(actors.length)] as const
  const finalized = await aside(w, () => anybody.finalize(taskId, ...result))
  await mineTo(w, await claimsOpenAt(w, taskId))
  const [{ operator, keyAddress }] = story.members as [Actor]
  return {
    publish: published,
    join: joins.at(-1)!,
    quit,
    form: formed,
    'revoke, sign-up open': revokedOpen,
    'revoke, running': revoked,
    'postEvent, 32 bytes': posted,
    'checkpoint, first': checkpoint,
    finalize: finalized,
    'claim, member': await aside(w, () => w.board.connect(operator).claim(taskId)),
    'claim, drawing': await aside(w, () => anybody.claim(taskId)),
    'claim, client': await aside(w, () => client.claim(taskId)),
    release: await aside(w, () => anybody.release(taskId, keyAddress)),
    withdrawCredit: await withdrawCreditCost(w, actors),
  }
}

async function withdrawCreditCost(w: World, actors: readonly Actor[]): Promise<number> {
  const story = await running(w, actors, { stallBlocks: 8 * actors.length })
  await report(w, w.mallory, proofOf(story, 0, 'equivocation'))
  return gasOf(w.registry.connect(w.mallory).withdrawCredit())
}

/** The most expensive drawing: as many sign-ups as a task takes, all by different operators. */
export async function largestDrawing(w: World, actors: readonly Actor[]): Promise<Costs> {
  const seats = actors.length
  const all = [...actors]
  while (all.length < SIGN_UPS_PER_SEAT * seats) all.push(await registered(w, `sign-up ${all.length}`))
  const taskId = await joined(w, all, { maxNodes: seats, stallBlocks: 8 * seats, formGasPrice: 1 })
  const drawing = await drawingOf(w, taskId)
  return { 'form, 4 sign-ups per seat': await gasOf(w.board.connect(w.mallory).form(...drawing)) }
}
