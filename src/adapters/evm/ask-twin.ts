import { Interface } from 'ethers'
import { fromHex, toHex } from '../../codec/hex.ts'
import type { TwinCall } from '../../ports/chain.ts'
import type { Hex } from '../../types/ids.ts'
import { LEDGER_KIND_NUMBERS } from '../../types/ledger.ts'

const CONTEXT =
  '(bytes32 seed, uint64 height, (address key, uint16 weight)[] members, bytes previous) context'
const INPUTS = '(uint8 member, bytes state)[]'
/** IReducer: the twin is the client's contract, not one of ours. */
const TWIN = new Interface([
  'function validate(bytes params, bytes state) view returns (bool)',
  `function aggregate(bytes params, ${CONTEXT}, ${INPUTS} inputs, (uint8 kind, bytes data)[] events) view returns (bytes)`,
  `function close(bytes params, ${CONTEXT}, bytes state, ${INPUTS} remaining) view returns (bytes)`,
])

/** A call to the twin; null if it reverts. */
export type AskTwin = (data: Hex) => Promise<Hex | null>

/** f_agg_status, and f_agg_close after it if the list holds a CLOSE; null if it reverts or answers with what is no state. */
export async function twinAggregate(
  ask: AskTwin,
  { params, context, inputs, closing }: Omit<TwinCall, 'twin'>,
): Promise<Uint8Array | null> {
  const { seed, height, members, previous, events } = context
  const told = { seed, height, members, previous: toHex(previous ?? new Uint8Array()) }
  const states = inputs.map(({ member, state }) => [member, toHex(state)])
  const posted = events.map(({ kind, data }) => [LEDGER_KIND_NUMBERS[kind], toHex(data)])
  const state = await answer(ask, 'aggregate', [params, told, states, posted])
  if (!closing || typeof state !== 'string') return stateOf(state)
  return stateOf(await answer(ask, 'close', [params, told, state, states]))
}

/** What the twin says of an input; null if it reverts or answers neither yes nor no. */
export async function twinValidate(ask: AskTwin, params: Hex, state: Uint8Array): Promise<boolean | null> {
  const said = await answer(ask, 'validate', [params, toHex(state)])
  return typeof said === 'boolean' ? said : null
}

const stateOf = (said: unknown): Uint8Array | null =>
  typeof said === 'string' ? fromHex(said.toLowerCase() as Hex) : null

async function answer(ask: AskTwin, name: string, args: readonly unknown[]): Promise<unknown> {
  const data = await ask(TWIN.encodeFunctionData(name, args) as Hex)
  if (data === null) return null
  try {
    return TWIN.decodeFunctionResult(name, data)[0] as unknown
  } catch {
    return null // there is no twin at that address
  }
}
