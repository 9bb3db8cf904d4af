import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { LogRow } from '../desk/log-rows.ts'
import { grouped, plural } from '../model/format.ts'
import type { LogFilter } from '../model/log-filter.ts'
import { argsLine, filterLog, namesIn } from '../model/log-filter.ts'
import { LongList } from './long-list.tsx'
import { Badge, Card, Empty, Hash } from './parts.tsx'
import { current } from './store.ts'

/** Every log of the task that the audit has read, to be filtered by event and by words. */
export function Log(): JSX.Element | null {
  const [filter, setFilter] = useState<LogFilter>({ name: null, text: '' })
  const audit = current.value
  if (audit === null) return null
  const { log, block } = audit.answer
  const rows = filterLog(log, filter)
  return (
    <Card
      id="log"
      title="Log on chain"
      note={
        <>
          {plural(log.length, 'event')} up to block {grouped(block)}; the audit of all of them says{' '}
          <Badge verdict={audit.report.verdict} />
        </>
      }
      wide
    >
      <div class="filters">
        <label>
          Event
          <select
            value={filter.name ?? ''}
            onChange={({ currentTarget: { value } }) =>
              setFilter({ ...filter, name: value === '' ? null : value })
            }
          >
            <option value="">all</option>
            {namesIn(log).map(([name, count]) => (
              <option key={name} value={name}>
                {name} ({count})
              </option>
            ))}
          </select>
        </label>
        <label>
          Has
          <input
            type="search"
            value={filter.text}
            spellcheck={false}
            placeholder="member 2, an address, a transaction"
            onInput={({ currentTarget }) => setFilter({ ...filter, text: currentTarget.value })}
          />
        </label>
        <span class="muted" role="status">
          {plural(rows.length, 'event')}
        </span>
      </div>
      {rows.length === 0 ? <Empty>No event has all of that.</Empty> : <Events rows={rows} />}
    </Card>
  )
}

function Events({ rows }: { readonly rows: readonly LogRow[] }): JSX.Element {
  const [place, setPlace] = useState<string | null>(null)
  const chosen = rows.findIndex((row) => placeOf(row) === place)
  const choose = (index: number): void => setPlace(placeOf(rows[index]))
  const { [chosen]: row } = rows
  return (
    <>
      <LongList
        label="Events, the newest first"
        rows={rows.length}
        chosen={chosen < 0 ? null : chosen}
        onChoose={choose}
        idOf={(index) => `event-${placeOf(rows[index])}`}
        draw={(index, top) => (
          <Line
            key={index}
            row={rows[index]}
            top={top}
            isChosen={index === chosen}
            onChoose={() => choose(index)}
          />
        )}
      />
      {row === undefined ? null : <Whole row={row} />}
    </>
  )
}

/** Block and log; '' for a row that is no more. */
const placeOf = (row: LogRow | undefined): string => (row === undefined ? '' : `${row.block}-${row.index}`)

function Line({
  row,
  top,
  isChosen,
  onChoose,
}: {
  readonly row: LogRow | undefined
  readonly top: number
  readonly isChosen: boolean
  readonly onChoose: () => void
}): JSX.Element {
  if (row === undefined) return <></>
  return (
    <div
      class={`row event${isChosen ? ' chosen' : ''}${row.isRead ? '' : ' differs'}`}
      id={`event-${placeOf(row)}`}
      data-event={row.name}
      style={{ top: `${top}px` }}
      role="option"
      aria-selected={isChosen}
      onClick={onChoose}
    >
      <span class="number">{grouped(row.block)}</span>
      <span class="strong">{row.isRead ? row.name : `✖ ${row.name}`}</span>
      <span class="muted">{argsLine(row)}</span>
    </div>
  )
}

/** All that an event says. */
function Whole({ row }: { readonly row: LogRow }): JSX.Element {
  return (
    <dl class="pairs">
      <div>
        <dt>Contract</dt>
        <dd>
          {row.contract}, block {grouped(row.block)}, log {row.index}
        </dd>
      </div>
      <div>
        <dt>Transaction</dt>
        <dd>
          <Hash value={row.transaction} head={18} tail={8} />
        </dd>
      </div>
      {row.args.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}
