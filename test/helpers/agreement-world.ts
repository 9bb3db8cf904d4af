import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SqliteCommandJournal } from '../../src/adapters/sqlite/command-journal.ts'
import type { Proposed } from '../../src/agreement/agreement.ts'
import { Agreement } from '../../src/agreement/agreement.ts'
import { toHex, utf8Hex } from '../../src/codec/hex.ts'
import { findMachine, findReducer } from '../../src/reducers/catalog.ts'
import { paramsCodec } from '../../src/reducers/command-log/reducer.ts'
import { decodeKvResult, encodeKvCommand, kvConfig } from '../../src/reducers/machines/kv-config.ts'
import { runReducer } from '../../src/reducers/run.ts'
import type { CommandJournal } from '../../src/ports/command-journal.ts'
import type { DecidedState } from '../../src/ports/state-source.ts'

const PARAMS = { minHeightTicks: 5, sessionIdleMs: 60_000, generation: 0n }
export const CLUSTER = `0x${'ab'.repeat(32)}` as const
const N = 4
const seats = Array.from({ length: N }, (_, member) => ({
  key: `0x${String(member + 1).padStart(40, '0')}` as const,
  weight: 1,
}))
const empty = { kind: 'input', session: 0n, firstSeq: 0, commands: [] } as const

/** Alice's agreement, the reducer as a cluster would run it, and a disk. */
export class AgreementWorld {
  readonly dir = mkdtempSync(join(tmpdir(), 'rsdp-agreement-'))
  readonly history: Required<DecidedState>[] = []
  readonly heights: number
  readonly goesOn: boolean
  /** What it has left went to nobody yet. */
  onLeft: (() => void) | null = null
  /** The state before height 1. */
  handed: Uint8Array = new Uint8Array()
  wishes = 0
  clockMs = 5_000_000
  agreement: Agreement
  #journal: CommandJournal
  readonly #openJournal: () => CommandJournal
  #chance = 0

  constructor(
    heights = 100,
    goesOn = false,
    onLeft: (() => void) | null = null,
    openJournal: (() => CommandJournal) | null = null,
  ) {
    this.heights = heights
    this.goesOn = goesOn
    this.onLeft = onLeft
    this.#openJournal = openJournal ?? (() => new SqliteCommandJournal(this.dir, CLUSTER))
    this.#journal = this.#openJournal()
    this.agreement = this.#make()
  }

  #make(): Agreement {
    return new Agreement({
      ...{
        machine: findMachine(kvConfig.id)!,
        params: PARAMS,
        heights: this.heights,
        inputCap: 9_000,
        seats,
        self: 0,
        goesOn: this.goesOn,
      },
      journal: this.#journal,
      decided: this.history.map(({ height, state }) => ({ height, state })),
      inputsAt: (height) => this.history[height - 1]?.inputs ?? [],
      wish: () => (this.wishes += 1),
      clockMs: () => this.clockMs,
      chance: () => (this.#chance += 1),
      ...(this.onLeft === null ? {} : { onLeft: () => this.onLeft?.() }),
    })
  }

  /** The process dies, and another one comes. */
  restart(): void {
    this.#journal.close()
    this.reopen()
  }

  /** Of a journal that is closed. */
  reopen(): void {
    this.#journal = this.#openJournal()
    this.agreement = this.#make()
  }

  /** One height with alice's input, or without it; the state. */
  async decide({ withAlice = true, told = true, ms = 10 } = {}): Promise<void> {
    this.clockMs += ms
    const reducer = findReducer(kvConfig.id)!
    const own = await this.agreement.observe()
    const others = reducer.state.encode({ ...empty, clockMs: BigInt(this.clockMs) })
    const inputs = seats.flatMap((_, member) =>
      member === 0 && !withAlice ? [] : [{ member, state: member === 0 ? own : others }],
    )
    const height = this.history.length + 1
    const previous = this.history.at(-1)?.state ?? this.handed
    const seed = `0x${'00'.repeat(32)}` as const
    const context = { seed, height, members: seats, previous, events: [] }
    const result = runReducer({
      reducer: reducer.id,
      params: toHex(paramsCodec.encode(PARAMS)),
      context,
      inputs,
    })
    if (!result.ok) throw new Error(result.code)
    const decision = { height, state: result.state, inputs }
    this.history.push(decision)
    if (told) this.agreement.decided(decision)
  }

  end(): void {
    this.agreement.close()
    rmSync(this.dir, { recursive: true, force: true })
  }
}

export const put = (value: number): Uint8Array =>
  encodeKvCommand({ kind: 'put', key: utf8Hex('k'), version: null, value: Uint8Array.of(value) })
export const get = encodeKvCommand({ kind: 'get', key: utf8Hex('k') })
/** `outcome version value @height`, or why not. */
export function told(outcome: Proposed): string {
  if ('refused' in outcome) return outcome.refused
  const result = decodeKvResult(outcome.result)!
  return `${result.outcome} ${result.version} ${toHex(result.value)} @${outcome.height}`
}
