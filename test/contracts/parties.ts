/** Four members with a client and a reporter, and how they all take what is theirs, each by its own calls alone. */
import { expect } from 'chai'
import type { Signer } from 'ethers'
import type { Actor, Connection, World } from './world.ts'
import { STAKE, UNBONDING_BLOCKS, blockNumber, deployWorld, mineTo, registered } from './world.ts'

/** What `newActor` gives an operator; STAKE of it is staked. */
export const PURSE = 100n * STAKE

/** Alice, bob and carol are honest, mallory is not; the world's own stranger reports. */
export interface Parties {
  readonly w: World
  readonly actors: readonly Actor[]
  readonly mallory: Actor
  /** All tokens of all parties, staked or not. */
  readonly total: bigint
}

/** Token wei by party; `burnt` is what nobody can take. */
export type Purses = Readonly<Record<string, bigint>>

export async function parties(connection: Connection): Promise<Parties> {
  const w = await deployWorld(connection)
  const actors: Actor[] = []
  for (const name of ['alice', 'bob', 'carol', 'mallory']) actors.push(await registered(w, name))
  const client = await w.token.balanceOf(w.client)
  return { w, actors, mallory: actors[3]!, total: client + 4n * PURSE }
}

/** A refusal by a contract: its name. Anything else is thrown on. */
export async function refusal(call: () => Promise<unknown>): Promise<string | null> {
  try {
    await call()
    return null
  } catch (error) {
    const [, name] = /reverted with custom error '(\w+)\(/.exec(String(error)) ?? []
    if (name === undefined) throw error
    return name
  }
}

/** Everybody takes all there is to take from the task, the board and the registry. */
export async function takeAll({ w, actors }: Parties, taskId: bigint): Promise<void> {
  const reporter = w.mallory
  if ((await w.registry.creditOf(reporter)) > 0n) await w.registry.connect(reporter).withdrawCredit()
  for (const { operator, keyAddress } of actors) {
    await claimIfOwed(w, taskId, operator)
    if ((await w.registry.lockOf(taskId, keyAddress)) > 0n)
      await w.board.connect(operator).release(taskId, keyAddress)
  }
  await claimIfOwed(w, taskId, w.client)
  for (const { operator, operatorAddress } of actors) {
    const { free } = await w.registry.account(operatorAddress)
    if (free > 0n) await w.registry.connect(operator).requestUnbond(free)
  }
  await mineTo(w, (await blockNumber(w)) + UNBONDING_BLOCKS)
  for (const { operator, operatorAddress } of actors) {
    const { tranches } = await w.registry.account(operatorAddress)
    for (let tranche = 0n; tranche < tranches; tranche += 1n) {
      const { amount } = await w.registry.trancheOf(operatorAddress, tranche)
      if (amount > 0n) await w.registry.connect(operator).withdraw(tranche)
    }
  }
}

async function claimIfOwed(w: World, taskId: bigint, by: Signer): Promise<void> {
  const name = await refusal(() => w.board.connect(by).claim.staticCall(taskId))
  if (name === null) await w.board.connect(by).claim(taskId)
  else expect(name).to.equal('NothingToClaim')
}

/** Who has what after `takeAll`: nothing is left in either contract but what was burnt there. */
export async function emptied({ w, actors, total }: Parties): Promise<Purses> {
  const [stake, pay] = [await w.registry.burnt(), await w.board.burnt()]
  expect(await w.token.balanceOf(w.registry)).to.equal(stake)
  expect(await w.token.balanceOf(w.board)).to.equal(pay)
  const burnt = stake + pay
  const purses: Record<string, bigint> = { burnt }
  for (const { name, operatorAddress } of actors) purses[name] = await w.token.balanceOf(operatorAddress)
  purses['client'] = await w.token.balanceOf(w.client)
  purses['reporter'] = await w.token.balanceOf(w.mallory)
  expect(Object.values(purses).reduce((sum, wei) => sum + wei, 0n)).to.equal(total)
  return purses
}
