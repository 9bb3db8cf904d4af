import type { ComponentChildren, JSX } from 'preact'
import type { Verdict } from '../../audit/report.ts'
import { age, short } from '../model/format.ts'
import { nowMs } from './store.ts'

const MARKS: Readonly<Record<Verdict, readonly [symbol: string, word: string]>> = {
  verified: ['✔', 'verified'],
  mismatch: ['✖', 'mismatch'],
  unavailable: ['?', 'unavailable'],
  pending: ['…', 'pending'],
}

/** A verdict by shape, word and colour. */
export function Badge({
  verdict,
  large = false,
}: {
  readonly verdict: Verdict
  readonly large?: boolean
}): JSX.Element {
  const [symbol, word] = MARKS[verdict]
  return (
    <span class={`badge ${verdict}${large ? ' large' : ''}`}>
      <span aria-hidden="true">{symbol}</span> {word}
    </span>
  )
}

/** A hash, shortened; the whole one is in its title and is what gets copied. */
export function Hash({
  value,
  head = 6,
  tail = 4,
}: {
  readonly value: string
  readonly head?: number
  readonly tail?: number
}): JSX.Element {
  return (
    <span class="hash" title={value}>
      {short(value, head, tail)}
    </span>
  )
}

/** How long ago something was, counted on. */
export function Age({ atMs }: { readonly atMs: number }): JSX.Element {
  return (
    <time dateTime={new Date(atMs).toISOString()} class="age">
      {age(nowMs.value - atMs)}
    </time>
  )
}

export function Card({
  id,
  title,
  note,
  children,
  wide = false,
}: {
  readonly id: string
  readonly title: string
  readonly note?: ComponentChildren
  readonly children: ComponentChildren
  readonly wide?: boolean
}): JSX.Element {
  return (
    <section class={`card${wide ? ' wide' : ''}`} id={id} aria-labelledby={`${id}-title`}>
      <header>
        <h2 id={`${id}-title`}>{title}</h2>
        {note === undefined ? null : <p class="note">{note}</p>}
      </header>
      {children}
    </section>
  )
}

export function Empty({ children }: { readonly children: ComponentChildren }): JSX.Element {
  return <p class="nothing">{children}</p>
}
