import type { JSX } from 'preact'
import type { ExplainedSlash } from '../desk/messages.ts'
import { amount, grouped } from '../model/format.ts'
import type { ConvictionJson } from '../model/verdicts.ts'
import { Card, Empty, Hash } from './parts.tsx'
import { current, nameOf, opened, report } from './store.ts'

const OFFENCES: Readonly<Record<string, string>> = {
  E1: 'equivocation',
  E1b: 'amnesia',
  E2: 'illegal log',
  E3: 'unjustified vote',
  E4: 'wrong reduction',
  E5: 'wrong checkpoint',
  E6: 'two parents',
}

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

/** Convictions, with the signed objects side by side. */
export function Slashes(): JSX.Element {
  const convictions = report.value?.convictions ?? []
  const slashes = current.value?.answer.slashes ?? []
  return (
    <Card id="slashes" title="Slashes" note="evidence that was accepted on chain, judged again here" wide>
      {convictions.length === 0 ? (
        <Empty>Nobody was convicted in this task.</Empty>
      ) : (
        convictions.map((conviction, i) => (
          <Slash
            key={`${conviction.transaction}${i}`}
            conviction={conviction}
            explained={
              slashes.find(
                ({ transaction, member }) =>
                  transaction === conviction.transaction && member === conviction.member,
              ) ?? null
            }
          />
        ))
      )}
    </Card>
  )
}

function Slash({
  conviction,
  explained,
}: {
  readonly conviction: ConvictionJson
  readonly explained: ExplainedSlash | null
}): JSX.Element {
  const { member, offence, percent, because, block, transaction } = conviction
  return (
    <article class="slash" data-slash={member}>
      <h3>
        <span aria-hidden="true">⚖</span> {nameOf(member)}{' '}
        <span class="tag bad">{OFFENCES[offence] ?? offence}</span>
        {explained === null ? null : (
          <span class={`badge ${explained.isProved ? 'verified' : 'mismatch'}`}>
            {explained.isProved ? '✔ proved' : '✖ proves nothing'}
          </span>
        )}
      </h3>
      <p>
        {sentence(because)}. {percent} % of its lock is due
        <Paid transaction={transaction} />.
      </p>
      <p class="muted">
        block {grouped(block)} · transaction <Hash value={transaction} />
      </p>
      {explained === null ? <Empty>The evidence cannot be read.</Empty> : <Objects explained={explained} />}
    </article>
  )
}

function Paid({ transaction }: { readonly transaction: string }): JSX.Element | null {
  const penalty = report.value?.penalties.find((one) => one.transaction === transaction)
  if (penalty === undefined) return null
  const shown = (wei: string): string => amount(BigInt(wei), opened.value?.unit ?? null)
  return (
    <>
      : {shown(penalty.amount)} taken
      {penalty.credited === null ? '' : `, ${shown(penalty.credited.amount)} of it credited to the reporter`}
    </>
  )
}

function Objects({ explained: { objects, member } }: { readonly explained: ExplainedSlash }): JSX.Element {
  const columns = objects[0]?.values.length ?? 0
  return (
    <div class="scroll" role="region" aria-label={`What ${nameOf(member)} signed`} tabIndex={0}>
      <table class="objects">
        <thead>
          <tr>
            <th scope="col">Signed field</th>
            {Array.from({ length: columns }, (_, i) => (
              <th key={i} scope="col">
                {columns === 1 ? 'Object' : i === 0 ? 'First object' : 'Second object'}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {objects.map(({ field, values, differ }) => (
            <tr key={field} class={differ ? 'differ' : ''}>
              <th scope="row">
                {field} {differ ? <span class="sr">differs</span> : null}
              </th>
              {values.map((value, i) => (
                <td key={i}>
                  <Hash value={value} head={10} tail={6} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
