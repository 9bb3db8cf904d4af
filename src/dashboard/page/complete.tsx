import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { Digest } from '../../types/ids.ts'
import type { DeskCalls } from '../desk/messages.ts'
import { grouped } from '../model/format.ts'
import type { ReportJson } from '../model/verdicts.ts'
import { Badge, Card, Hash } from './parts.tsx'
import { askDesk } from './session.ts'
import { task } from './store.ts'

type Work = DeskCalls['weigh']['answer']
type State =
  | { readonly is: 'asking' }
  | { readonly is: 'weighed'; readonly work: Work }
  | { readonly is: 'proving'; readonly work: Work }
  | { readonly is: 'done'; readonly task: string; readonly report: ReportJson; readonly json: string }
  | { readonly is: 'failed'; readonly why: string }

const HASH = /^0x[0-9a-f]{64}$/i

/** Proves, if the reader wants to, that the endpoint has left no log out: with a head that somebody else vouches for. */
export function Complete(): JSX.Element {
  const [by, setBy] = useState('')
  const [state, setState] = useState<State>({ is: 'asking' })
  const id = task.value ?? ''
  const vouched = HASH.test(by.trim()) ? { head: by.trim().toLowerCase() as Digest } : { rpcUrl: by.trim() }
  const failed = (error: unknown): void => setState({ is: 'failed', why: (error as Error).message })
  const weigh = (event: Event): void => {
    event.preventDefault()
    // the policy of a page that is served lets it ask one endpoint
    if ('rpcUrl' in vouched && location.protocol.startsWith('http'))
      return setState({
        is: 'failed',
        why: 'give the hash of a head: a page that is served asks one endpoint alone. The saved file takes the URL of another one',
      })
    askDesk('weigh', null)
      .then((work) => setState({ is: 'weighed', work }))
      .catch(failed)
  }
  const prove = (work: Work): void => {
    setState({ is: 'proving', work })
    askDesk('audit', { task: id, vouched })
      .then(({ json }) => setState({ is: 'done', task: id, report: JSON.parse(json) as ReportJson, json }))
      .catch(failed)
  }
  return (
    <Card
      id="complete"
      title="Is anything left out?"
      note="an endpoint can hide logs; headers commit to them"
      wide
    >
      <form class="filters" onSubmit={weigh}>
        <label>
          Hash of a block that somebody else vouches for
          {location.protocol.startsWith('http') ? '' : ', or the URL of another endpoint'}
          <input
            required
            value={by}
            spellcheck={false}
            placeholder="0x…"
            onInput={({ currentTarget }) => {
              setBy(currentTarget.value)
              setState({ is: 'asking' })
            }}
          />
        </label>
        <button type="submit" disabled={state.is === 'proving'}>
          How much is it?
        </button>
        {state.is === 'weighed' ? (
          <button type="button" onClick={() => prove(state.work)}>
            Prove it
          </button>
        ) : null}
      </form>
      <p class="muted" role="status">
        <Said state={state.is === 'done' && state.task !== id ? { is: 'asking' } : state} />
      </p>
    </Card>
  )
}

function Said({ state }: { readonly state: State }): JSX.Element {
  switch (state.is) {
    case 'asking':
      return <>Until it is proved, the verdicts above hold for the logs that this endpoint shows.</>
    case 'weighed':
    case 'proving':
      return (
        <>
          {state.is === 'proving' ? 'Proving … ' : ''}
          {grouped(state.work.headers)} headers in batches of 100, about{' '}
          {grouped(Math.ceil(state.work.bytes / 1_000))} kB, and the receipts of the blocks that may hold an
          event.
        </>
      )
    case 'failed':
      return <span class="bad">{state.why}</span>
    case 'done':
      return <Proof report={state.report} />
  }
}

function Proof({ report }: { readonly report: ReportJson }): JSX.Element {
  const { complete, findings, verdict } = report
  const faults = findings.filter(({ step }) => step === 'complete')
  return (
    <>
      <Badge verdict={verdict} />{' '}
      {complete === undefined
        ? ''
        : `${grouped(complete.provedLogs)} logs proved by the receipts of ${grouped(complete.provedBlocks)} blocks and ${grouped(complete.headers)} headers, blocks ${grouped(complete.from)} to ${grouped(complete.to)}. `}
      {faults.map(({ path, expected, actual, why }) => (
        <span key={path} class="bad">
          ✖ {path}: is <Hash value={actual} />, expected <Hash value={expected} />; {why}.{' '}
        </span>
      ))}
    </>
  )
}
