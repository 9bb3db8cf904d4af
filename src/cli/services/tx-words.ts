import type { TransactionBody } from '../../api/client.ts'
import { utf8Hex } from '../../codec/hex.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { TxWrite } from '../../types/transaction.ts'

/** What a transaction is to do, as flags say it. */
export interface TxWords {
  /** `SERVICE/KEY=VALUE` */
  readonly put: readonly string[]
  /** `SERVICE/KEY` */
  readonly delete: readonly string[]
  /** `SERVICE/KEY@VERSION` */
  readonly if: readonly string[]
}

interface Change {
  readonly service: number
  readonly key: string
  kind: TxWrite['kind']
  value?: string
  version?: number
}

/**
 * The changes by store. A condition on a key that is also changed belongs to the change.
 *
 * @throws RsdpError E_TX_WORDS
 */
export function storesOf(words: TxWords): TransactionBody['stores'] {
  const changes = new Map<string, Change>()
  const add = (place: { service: number; key: string }, change: Omit<Change, 'service' | 'key'>): void => {
    const name = `${place.service}/${place.key}`
    if (changes.has(name)) throw bad(name, 'each key is changed once')
    changes.set(name, { ...place, ...change })
  }
  for (const word of words.put) {
    const at = word.indexOf('=')
    if (at < 0) throw bad(word, 'give --put SERVICE/KEY=VALUE')
    add(placeOf(word.slice(0, at), word), { kind: 'put', value: utf8Hex(word.slice(at + 1)) })
  }
  for (const word of words.delete) add(placeOf(word, word), { kind: 'delete' })
  for (const word of words.if) {
    const [, name = '', digits = ''] = /^(.*)@(\d{1,15})$/s.exec(word) ?? []
    const place = placeOf(name, word)
    const version = Number(digits)
    const known = changes.get(`${place.service}/${place.key}`)
    if (known === undefined) add(place, { kind: 'check', version })
    else if (known.version !== undefined) throw bad(word, 'each key has one condition')
    else known.version = version
  }
  if (changes.size === 0) throw bad('', 'give at least one --put, --delete or --if')
  const services = [...new Set([...changes.values()].map(({ service }) => service))].sort((a, b) => a - b)
  return services.map((service) => ({
    service,
    writes: [...changes.values()]
      .filter((change) => change.service === service)
      .map(({ kind, key, value = '0x', version }) => {
        if (kind === 'check') return { kind, key, version: version ?? 0 }
        const on = version === undefined ? {} : { version }
        return kind === 'put' ? { kind, key, value, ...on } : { kind, key, ...on }
      }),
  }))
}

function placeOf(name: string, word: string): { readonly service: number; readonly key: string } {
  const [, digits = '', key = ''] = /^([1-9]\d{0,4})\/(.+)$/s.exec(name) ?? []
  if (key === '' || Number(digits) > 65_535)
    throw bad(word, 'name keys as SERVICE/KEY, conditions as SERVICE/KEY@VERSION')
  return { service: Number(digits), key }
}

function bad(word: string, hint: string): RsdpError {
  return new RsdpError({
    code: 'E_TX_WORDS',
    message: word === '' ? 'the transaction is to do nothing' : `"${word}" does not say what to do`,
    hint,
    exit: EXIT.usage,
    details: { word },
  })
}
