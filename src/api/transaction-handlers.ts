import { fromHex } from '../codec/hex.ts'
import type { Transactions } from '../ports/transactions.ts'
import type { Address, Hex } from '../types/ids.ts'
import type { Protocol, TxAnswer, TxName, TxNotBegun, TxWrite } from '../types/transaction.ts'
import { Refused } from './refused.ts'
import type { Handlers } from './server.ts'

const STATUSES = {
  'no-store': 404,
  'no-log': 503,
  'no-quorum': 503,
  busy: 503,
  'bad-request': 400,
} as const satisfies Readonly<Record<TxNotBegun, number>>

/** A body as its schema has read it. */
interface Begun {
  readonly protocol: Protocol
  readonly ttlMs: number
  readonly request?: string
  readonly stores: readonly {
    readonly service: number
    readonly writes: readonly {
      readonly kind: TxWrite['kind']
      readonly key: string
      readonly value?: Hex
      readonly version?: number
    }[]
  }[]
}

/** What the routes of transactions do. */
export function transactionHandlers(
  transactions: Transactions,
): Pick<Handlers, 'transactionBegin' | 'transactionOutcome' | 'transactionsOpen'> {
  return {
    transactionBegin: async ({ task, body }) => {
      const { protocol, ttlMs, request = null, stores } = body as Begun
      const parts = stores.map(({ service, writes }) => ({ service, writes: writes.map(writeOf) }))
      const answer = await transactions.begin(task, { protocol, ttlMs, request, parts })
      if (answer.code === 'refused') throw new Refused(STATUSES[answer.refusal], answer.refusal, answer.why)
      const transaction = textOf(answer.name)
      const decided = outcomeOf(answer)
      if (decided === null)
        throw new Refused(410, 'forgotten', 'its outcome is not known any more', { transaction })
      const { outcome, cause, service } = decided
      if (outcome === 'commit') return { transaction, outcome }
      if (outcome === 'pending')
        throw new Refused(504, 'undecided', 'not all have voted; it goes on', { transaction })
      throw new Refused(409, 'aborted', 'nothing was written', { transaction, cause, service })
    },
    transactionOutcome: async ({ task, key }) => {
      const name = nameIn(key)
      const decided = name === null ? null : outcomeOf(await transactions.outcome(task, name))
      if (decided === null) throw new Refused(404, 'no-transaction', 'it is not known here')
      return { transaction: key, ...decided }
    },
    transactionsOpen: () => ({
      transactions: transactions.open().map(({ name, services, ...rest }) => {
        return { transaction: textOf(name), services: [...services], ...rest }
      }),
    }),
  }
}

/** `0x…/number` */
function textOf({ coordinator, number }: TxName): string {
  return `${coordinator}/${number}`
}

/** Null: no name. */
function nameIn(text: string): TxName | null {
  const [, key, digits] = /^(0x[0-9a-f]{40})\/(\d{1,15})$/.exec(text) ?? []
  return key === undefined ? null : { coordinator: key as Address, number: Number(digits) }
}

function writeOf({ kind, key, value = '0x', version }: Begun['stores'][number]['writes'][number]): TxWrite {
  return { kind, key, version: version ?? null, value: fromHex(value) }
}

function outcomeOf(answer: TxAnswer) {
  if (answer.code === 'decided') {
    const { outcome, cause, service } = answer
    return { outcome, cause, service }
  }
  return answer.code === 'pending' ? ({ outcome: 'pending', cause: null, service: 0 } as const) : null
}
