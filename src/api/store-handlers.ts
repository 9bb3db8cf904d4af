import { fromHex, toHex } from '../codec/hex.ts'
import type { Stores } from '../ports/stores.ts'
import type { Hex } from '../types/ids.ts'
import type { StoreAnswer, StoreAsk, StoreRefusal, StoreRefused } from '../types/store-request.ts'
import { Refused } from './refused.ts'
import type { Asked } from './http.ts'
import type { Handlers } from './server.ts'

type StoreHandlers = Pick<Handlers, 'storeChanges' | 'storesKept' | 'storePurge'> & KeyHandlers
/** Reads and writes of keys: what a gateway serves, too. */
export type KeyHandlers = Pick<Handlers, 'storeGet' | 'storePut' | 'storeDelete' | 'storeSession'>
type Answered = Extract<StoreAnswer, { readonly code: 'ok' }>

/** What a put or delete says beside the key. */
interface Conditions {
  readonly version?: number
  readonly session?: number
  readonly seq?: number
  readonly context?: Hex
  readonly after?: Hex
}

/** Why nothing, or perhaps something, was done, and the status that says so. */
const STATUSES = {
  'not-primary': 503,
  'no-copy': 503,
  'no-quorum': 503,
  'not-begun': 503,
  'unknown-outcome': 504,
  'bad-request': 400,
  'wrong-terms': 400,
  behind: 409,
  full: 507,
  'no-store': 404,
  gone: 410,
} as const satisfies Readonly<Record<StoreRefusal, number>>

const LIMITS: Readonly<Record<string, string>> = {
  key: 'a key has 1 to 256 bytes',
  number: 'versions and sessions are numbers that an answer had, seq begins with 1',
  context: 'contexts and clocks are bytes that an answer had',
}

/** What the routes of keys do. */
export function keyHandlers(stores: Pick<Stores, 'ask'>): KeyHandlers {
  const ask = async ({ task, service }: Asked, what: StoreAsk): Promise<Answered> => {
    const answer = await stores.ask(task, service, what)
    if (answer.code === 'refused') throw refusalOf(answer)
    return answer
  }
  const write = async (asked: Asked, kind: 'put' | 'delete', value: Uint8Array, said: Conditions) => {
    const { version = null, session, seq, context, after } = said
    if ((session === undefined) !== (seq === undefined))
      throw new Refused(400, 'number', 'session and seq go together')
    const id = session === undefined || seq === undefined ? null : { session, seq }
    const { key } = asked
    const what = { kind, key, value, version, id, context: bytesOf(context), after: bytesOf(after) }
    const answer = await ask(asked, what)
    const { outcome } = answer
    if (outcome !== 'done' && outcome !== 'missing') throw notDone(answer)
    return { ...factsOf(answer), outcome }
  }
  return {
    storeGet: async (asked) => {
      const { after } = asked.query as Pick<Conditions, 'after'>
      const answer = await ask(asked, { kind: 'get', key: asked.key, after: bytesOf(after) })
      if (answer.outcome === 'locked') throw notDone(answer)
      return { ...factsOf(answer), values: answer.values.map(toHex) }
    },
    storePut: (asked) => {
      const { value, ...said } = asked.body as Conditions & { readonly value: Hex }
      return write(asked, 'put', fromHex(value), said)
    },
    storeDelete: (asked) => write(asked, 'delete', new Uint8Array(), asked.query as Conditions),
    storeSession: async (asked) => ({ session: (await ask(asked, { kind: 'session' })).version }),
  }
}

/** What the routes of stores do. */
export function storeHandlers(stores: Stores): StoreHandlers {
  return {
    ...keyHandlers(stores),
    storesKept: () => ({ copies: stores.kept().map((one) => ({ ...one, line: String(one.line) })) }),
    storePurge: ({ task, service, query }) => {
      const { force } = query as { readonly force?: 'true' | 'false' }
      const done = stores.purge(task, service, force === 'true')
      if (typeof done === 'number') return { bytes: done }
      throw new Refused(done === 'nothing' ? 404 : 409, done)
    },
    storeChanges: ({ task, service, query }) => {
      const { after: behind, key } = query as { readonly after?: number; readonly key?: string }
      return (last, push, end) => {
        const stop = stores.watch(task, service, last ?? behind ?? null, {
          changed: (changes) => {
            const wanted = changes.filter((change) => key === undefined || change.key === key)
            wanted.forEach(({ index, key: changed, value }, i) => {
              const data = { index, key: changed, value: value === null ? null : toHex(value) }
              // whoever has a part of a transaction only gets all of it again
              const id = i === wanted.length - 1 ? index : index - 1
              push({ id, event: 'changed', data })
            })
          },
          ended: end,
        })
        if (typeof stop !== 'function') throw refusalOf(stop)
        return stop
      }
    },
  }
}

function factsOf({ consistency, height, index, version, context, clock }: Answered) {
  const told = (bytes: Uint8Array | null): Hex | null => (bytes === null ? null : toHex(bytes))
  return { consistency, height, index, version, context: told(context), clock: told(clock) }
}

function bytesOf(hex: Hex | undefined): Uint8Array | null {
  return hex === undefined ? null : fromHex(hex)
}

function refusalOf({ refusal, why, primary }: StoreRefused): Refused {
  if (refusal === 'bad-request' && why === 'value')
    return new Refused(413, 'value', 'a value has at most 32 KiB')
  if (refusal === 'bad-request') return new Refused(400, why, LIMITS[why])
  return new Refused(STATUSES[refusal], refusal, why, primary === null ? {} : { primary })
}

function notDone({ outcome, version, index }: Answered): Refused {
  switch (outcome) {
    case 'conflict':
      return new Refused(409, 'conflict', `the key has version ${version}; nothing was written`, {
        version,
        index,
      })
    case 'locked':
      return new Refused(423, 'locked', 'a transaction that is not decided yet has the key: ask again', {
        version,
      })
    case 'full':
      return new Refused(507, 'full', 'a store holds 4 MiB')
    default:
      return new Refused(409, 'session-over', 'the session is not known any more, or has gone on')
  }
}
