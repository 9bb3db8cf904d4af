import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { grouped } from '../model/format.ts'
import type { DrawnLanes } from '../model/lanes.ts'
import { drawLanes, LANES_MAX } from '../model/lanes.ts'
import { lastHeight, rowOf } from '../model/rows.ts'
import { Card, Empty } from './parts.tsx'
import { choose, chosen, nameOf, rowSource } from './store.ts'

/** Of each height, when it plays. */
const STEP_MS = 600
/** Marks of the first height in which a reader may be. */
const FIRST = 1

/** Any height again: who entered which phase when, and who decided what. */
export function Replay(): JSX.Element | null {
  const [isPlaying, setPlaying] = useState(false)
  const source = rowSource.value
  const last = lastHeight(source)
  const at = Math.min(chosen.value ?? last, last)
  useEffect(() => {
    if (!isPlaying) return undefined
    const timer = setInterval(() => {
      const now = Math.min(chosen.peek() ?? 0, lastHeight(rowSource.peek()))
      if (now >= lastHeight(rowSource.peek())) setPlaying(false)
      else choose(now + 1)
    }, STEP_MS)
    return () => clearInterval(timer)
  }, [isPlaying])
  if (last === 0) return null
  const play = (): void => {
    if (!isPlaying && at >= last) choose(FIRST)
    else if (!isPlaying) choose(at)
    setPlaying(!isPlaying)
  }
  const lanes = source.live?.lanes.of(at) ?? null
  const { members } = rowOf(source, at)
  return (
    <Card id="replay" title="Replay" note={`height ${grouped(at)} of ${grouped(last)}`} wide>
      <div class="player">
        <button type="button" onClick={play} aria-pressed={isPlaying}>
          {isPlaying ? '❚❚ Pause' : '▶ Play'}
        </button>
        <input
          type="range"
          min={FIRST}
          max={last}
          value={at}
          aria-label="Height to replay"
          aria-valuetext={`height ${at} of ${last}`}
          onInput={({ currentTarget }) => choose(Number(currentTarget.value))}
        />
      </div>
      {lanes === null ? (
        <Empty>
          {source.live === null
            ? 'When members entered which phase, nodes report alone; the chain does not tell.'
            : `The times of the newest ${LANES_MAX} heights that were reported are kept; this one is not among them.`}
        </Empty>
      ) : (
        <LaneTable drawn={drawLanes(lanes, members)} marks={source.live?.heights.get(at)?.seats ?? ''} />
      )}
    </Card>
  )
}

/** What a seat decided, in words. */
const DECIDED: Readonly<Record<string, string>> = { d: 'decided', x: '✖ another value' }

function LaneTable({ drawn, marks }: { readonly drawn: DrawnLanes; readonly marks: string }): JSX.Element {
  return (
    <table class="lanes">
      <caption class="muted">
        <span class="key debate" /> DEBATE <span class="key share" /> SHARE · {grouped(drawn.lastsMs)} ms, as
        nodes report it
      </caption>
      <tbody>
        {drawn.seats.map(({ pieces, decidedMs }, seat) => (
          <tr key={seat}>
            <th scope="row">{nameOf(seat)}</th>
            <td>
              <div class="lane" aria-hidden="true">
                {pieces.map(({ phase, round, from, to }, i) => (
                  <i
                    key={i}
                    class={phase.toLowerCase()}
                    title={`${phase}, round ${round}`}
                    style={{ left: `${100 * from}%`, width: `${100 * (to - from)}%` }}
                  />
                ))}
              </div>
            </td>
            <td class={marks.charAt(seat) === 'x' ? 'bad' : 'muted'}>
              {decidedMs === null
                ? '–'
                : `${DECIDED[marks.charAt(seat)] ?? 'over'} after ${grouped(decidedMs)} ms`}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
