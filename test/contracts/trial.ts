/** Brings proofs before the judges and keeps count of what they say. */
import { id } from 'ethers'
import type { Court } from '../../src/audit/evidence/verdict.ts'
import type { Hex } from '../../src/types/ids.ts'
import { Dice } from '../helpers/twin-cases.ts'
import { accusations } from './accusations.ts'
import type { Material } from './bends.ts'
import type { Forgery } from './forgeries.ts'
import { forgeries } from './forgeries.ts'
import type { Refused } from './judges.ts'
import { Bench, UNTYPED, disagreements } from './judges.ts'
import type { Transcript } from './transcript.ts'
import { honestTranscript } from './transcript.ts'
import type { Actor, Connection, Story, World } from './world.ts'
import { deployWorld, newActor, registeredMany } from './world.ts'

/** Proofs in one call of the harness. */
const AT_ONCE = 40
const SIZES = [4, 7] as const

export interface Tally {
  cases: number
  /** A liar's proofs, all of which must convict. */
  liars: number
  /** What the contract convicted of among members' own bent objects. */
  convictions: number
  /** By kind of forgery. */
  readonly kinds: Record<string, number>
  /** By entry point and reason of the refusal. */
  readonly refusals: Record<string, number>
}

/** A proof that should not have ended as it did. */
export interface Finding {
  readonly fault: 'convicted' | 'untyped' | 'disagreement' | 'not convicted'
  readonly what: string
  readonly name: string
  readonly said: string
  readonly data: Hex
}

export const emptyTally = (): Tally => ({ cases: 0, liars: 0, convictions: 0, kinds: {}, refusals: {} })

/** A deployment with seven registered members, a second one beside it, and as many tasks as are asked for. */
export class Trial {
  readonly tally = emptyTally()
  readonly #w: World
  readonly #bench: Bench
  readonly #twin: string
  readonly #actors: readonly Actor[]
  readonly #stranger: Actor
  readonly #domains: Story['domain'][] = []
  readonly #courts = new Map<bigint, Court>()
  #last: Transcript | null = null

  private constructor(w: World, bench: Bench, twin: string, actors: readonly Actor[], stranger: Actor) {
    this.#w = w
    this.#bench = bench
    this.#twin = twin
    this.#actors = actors
    this.#stranger = stranger
  }

  static async begin(connection: Connection): Promise<Trial> {
    const w = await deployWorld(connection)
    const actors = await registeredMany(w, Math.max(...SIZES))
    const twin = await (await connection.ethers.deployContract('RateLimitTwin')).getAddress()
    const trial = new Trial(w, await Bench.build(w), twin, actors, await newActor(w, 'mallory'))
    const second = await deployWorld(connection)
    const { chainId } = await connection.ethers.provider.getNetwork()
    const own = { chainId, verifyingContract: await w.log.getAddress(), salt: await w.log.deploymentId() }
    trial.#domains.push(
      { ...own, verifyingContract: await second.log.getAddress(), salt: await second.log.deploymentId() },
      { ...own, verifyingContract: await second.log.getAddress() },
      { ...own, chainId: chainId + 1n },
      { ...own, salt: id('the chain of yesterday') },
    )
    return trial
  }

  /** Plays a new task, and brings `count` proofs out of it; null if all ended as they should. */
  async session(seed: number, count: number): Promise<Finding | null> {
    const elsewhere = this.#last ?? (await this.#transcript(seed + 1_000_003))
    const here = await this.#transcript(seed)
    const material: Material = {
      here,
      elsewhere,
      domains: this.#domains,
      stranger: this.#stranger,
      accusations: accusations(here),
    }
    this.#last = here
    let batch: Forgery[] = []
    for (const forgery of forgeries(material, new Dice(seed), count)) {
      batch.push(forgery)
      if (batch.length < AT_ONCE) continue
      const found = await this.#try(batch)
      if (found !== null) return found
      batch = []
    }
    return this.#try(batch)
  }

  async #transcript(seed: number): Promise<Transcript> {
    const members = this.#actors.slice(0, SIZES[seed % SIZES.length])
    const transcript = await honestTranscript(this.#w, members, this.#twin, seed)
    this.#courts.set(transcript.story.taskId, transcript.court)
    return transcript
  }

  async #try(batch: readonly Forgery[]): Promise<Finding | null> {
    const calls = batch.map(({ proof }) => this.#bench.encode(proof))
    const refusals = await this.#bench.judge(calls)
    for (const [i, forgery] of batch.entries()) {
      const found = this.#count(forgery, calls[i]!, refusals[i] ?? null)
      if (found !== null) return found
    }
    return null
  }

  #count({ what, expected, proof }: Forgery, data: Hex, refused: Refused): Finding | null {
    const { tally } = this
    tally.cases += 1
    tally.kinds[what] = (tally.kinds[what] ?? 0) + 1
    if (expected === 'accepted') tally.liars += 1
    if (refused === null && expected === 'either') tally.convictions += 1
    if (refused !== null) {
      const reason = `${proof.name}  ${refused}`
      tally.refusals[reason] = (tally.refusals[reason] ?? 0) + 1
    }
    const finding = { what, name: proof.name, said: refused ?? 'convicted', data }
    if (refused === null && expected === 'refused') return { ...finding, fault: 'convicted' }
    if (refused?.startsWith(UNTYPED) === true) return { ...finding, fault: 'untyped' }
    if (refused !== null && expected === 'accepted') return { ...finding, fault: 'not convicted' }
    const others = disagreements(this.#courts, data, refused)
    if (others.length === 0) return null
    return { ...finding, fault: 'disagreement', said: `the contract: ${finding.said}; ${others.join('; ')}` }
  }
}
