import type { JSX } from 'preact'
import { grouped } from '../model/format.ts'
import { Age } from './parts.tsx'
import { chooseTask, feedState, look, opened, task, tasks } from './store.ts'

const FEED = {
  none: ['off', 'chain only'],
  connecting: ['off', 'connecting'],
  live: ['on', 'live'],
  lost: ['lost', 'nodes unreachable'],
} as const

export function Header(): JSX.Element {
  const [dot, words] = FEED[feedState.value]
  return (
    <header class="bar">
      <span class="brand" aria-label="RSDP dashboard">
        <svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true">
          <circle cx="12" cy="12" r="8" fill="none" stroke="currentColor" stroke-width="2" />
          <circle cx="12" cy="4" r="3" fill="currentColor" />
          <circle cx="5" cy="16" r="3" fill="currentColor" />
          <circle cx="19" cy="16" r="3" fill="currentColor" />
        </svg>
        RSDP
      </span>
      <dl class="facts">
        <div>
          <dt>Chain</dt>
          <dd>{opened.value?.chainId ?? '–'}</dd>
        </div>
        <div>
          <dt>Block</dt>
          <dd>{look.value === null ? '–' : grouped(look.value.block)}</dd>
        </div>
        <div>
          <dt>Read</dt>
          <dd>{look.value === null ? '–' : <Age atMs={look.value.atMs} />}</dd>
        </div>
        <div>
          <dt>Nodes</dt>
          <dd>
            <span class={`dot ${dot}`} aria-hidden="true" /> {words}
          </dd>
        </div>
      </dl>
      {tasks.value.length === 0 ? null : (
        <label class="picker">
          Task
          <select value={task.value ?? ''} onChange={({ currentTarget }) => chooseTask(currentTarget.value)}>
            {tasks.value.map((id) => (
              <option key={id} value={id}>
                {id}
              </option>
            ))}
          </select>
        </label>
      )}
    </header>
  )
}
