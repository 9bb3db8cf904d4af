import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { Drill, DrillAnswer, DrillAsk } from '../model/drill.ts'
import { drillsFor } from '../model/drill.ts'
import { askDrill, drillToken } from './drill-client.ts'
import { Card } from './parts.tsx'

const LOOK_MS = 2_000
const WORDS: Readonly<Record<Drill, string>> = {
  pause: 'Pause',
  'go-on': 'Go on',
  kill: 'Kill',
  start: 'Start',
  lie: 'Lie',
}
const STATES = { runs: 'runs', paused: 'paused', killed: 'killed' } as const

/** A button for what may be done to a node of a network on this machine; for whoever started it. */
export function Drills(): JSX.Element | null {
  const [answer, setAnswer] = useState<DrillAnswer | null>(null)
  const [fault, setFault] = useState('equivocate-share')
  const [why, setWhy] = useState<string | null>(null)
  const ask = (drill: DrillAsk | null): void => {
    askDrill(drill)
      .then((next) => {
        setAnswer(next)
        if (drill !== null) setWhy(null)
      })
      .catch((error: unknown) => setWhy((error as Error).message))
  }
  useEffect(() => {
    if (drillToken === null) return undefined
    ask(null)
    const timer = setInterval(() => ask(null), LOOK_MS)
    return () => clearInterval(timer)
  }, [])
  if (drillToken === null || answer === null) return null
  return (
    <Card id="drills" title="Drills" note="for whoever started this network" wide>
      <div class="filters">
        <label>
          Lie
          <select value={fault} onChange={({ currentTarget }) => setFault(currentTarget.value)}>
            {answer.faults.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <span class={why === null ? 'muted' : 'bad'} role="status">
          {why ?? 'A liar is started anew and lies for three heights, the second from now on.'}
        </span>
      </div>
      <ul class="drills">
        {answer.nodes.map(({ node, state, fault: own }) => (
          <li key={node} data-drill={node} data-state={state}>
            <span class="strong">{node}</span>
            <span class="muted">{own === null ? STATES[state] : `${STATES[state]}, ${own}`}</span>
            <span class="buttons">
              {drillsFor(state).map((drill) => (
                <button
                  key={drill}
                  type="button"
                  aria-label={`${WORDS[drill]}: ${node}`}
                  onClick={() => ask(drill === 'lie' ? { node, drill, fault } : { node, drill })}
                >
                  {WORDS[drill]}
                </button>
              ))}
            </span>
          </li>
        ))}
      </ul>
    </Card>
  )
}
