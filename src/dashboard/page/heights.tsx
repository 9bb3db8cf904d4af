import type { JSX } from 'preact'
import { plural, share } from '../model/format.ts'
import type { HeightRow, SeatRun } from '../model/rows.ts'
import { lastHeight, rowOf } from '../model/rows.ts'
import { LongList } from './long-list.tsx'
import { Age, Badge, Card, Empty, Hash } from './parts.tsx'
import { choose, chosen, rowSource } from './store.ts'

/** Heights, the newest first. Only what is in view is in the document. */
export function Heights(): JSX.Element {
  const source = rowSource.value
  const rows = lastHeight(source)
  return (
    <Card
      id="heights"
      title="Heights"
      note={rows === 0 ? undefined : `${plural(rows, 'height')}, the newest first`}
    >
      {rows === 0 ? <Empty>No height is decided yet.</Empty> : <List rows={rows} />}
    </Card>
  )
}

function List({ rows }: { readonly rows: number }): JSX.Element {
  const source = rowSource.value
  const { value } = chosen
  return (
    <>
      <ColumnNames />
      <LongList
        label="Heights, the newest first"
        rows={rows}
        chosen={value === null || value > rows ? null : rows - value}
        onChoose={(index) => choose(rows - index)}
        idOf={(index) => `height-${rows - index}`}
        draw={(index, top) => {
          const one = rows - index
          return <Row key={one} row={rowOf(source, one)} top={top} rows={rows} isChosen={one === value} />
        }}
      />
    </>
  )
}

function ColumnNames(): JSX.Element {
  return (
    <div class="row head" aria-hidden="true">
      <span class="number">Height</span>
      <span>Members</span>
      <span class="number">Round</span>
      <span class="number">Validity</span>
      <span>Value</span>
      <span>Age</span>
      <span>Verdict</span>
    </div>
  )
}

function Row({
  row,
  top,
  rows,
  isChosen,
}: {
  readonly row: HeightRow
  readonly top: number
  readonly rows: number
  readonly isChosen: boolean
}): JSX.Element {
  return (
    <div
      class={`row${isChosen ? ' chosen' : ''}${row.differs ? ' differs' : ''}`}
      id={`height-${row.height}`}
      data-row={row.height}
      style={{ top: `${top}px` }}
      role="option"
      aria-selected={isChosen}
      aria-posinset={rows - row.height + 1}
      aria-setsize={rows}
      aria-label={spoken(row)}
      onClick={() => choose(row.height)}
    >
      <span class="number strong">{row.height}</span>
      <Seats runs={row.runs} />
      <span class="number">{row.round ?? '–'}</span>
      <span class="number" title="lowest magnitude over SHAREs / over decided states">
        {share(row.shares)} / {share(row.final)}
      </span>
      {row.value === null ? <span>–</span> : <Hash value={row.value} />}
      {row.atMs === null ? <span class="age">–</span> : <Age atMs={row.atMs} />}
      <Standing row={row} />
    </div>
  )
}

function Standing({ row }: { readonly row: HeightRow }): JSX.Element {
  if (row.differs) return <span class="badge mismatch">✖ not what nodes say</span>
  if (row.verdict !== null) return <Badge verdict={row.verdict} />
  return <span class="badge reported">○ reported</span>
}

const SHAPES: Readonly<Record<string, readonly [shape: string, kind: string]>> = {
  d: ['●', 'same'],
  x: ['✖', 'other'],
  '.': ['○', 'silent'],
}

/** One mark per seat; seats that say the same are one piece of text. */
function Seats({ runs }: { readonly runs: readonly SeatRun[] }): JSX.Element {
  if (runs.length === 0) return <span class="seats muted">–</span>
  return (
    <span class="seats">
      {runs.map(({ mark, seats }, i) => {
        const [shape, kind] = SHAPES[mark] ?? ['?', 'silent']
        return (
          <span key={i} class={kind}>
            {shape.repeat(seats)}
          </span>
        )
      })}
    </span>
  )
}

function spoken({ height, agreeing, members, round, verdict, differs }: HeightRow): string {
  const said = agreeing === null ? '' : `, ${agreeing} of ${members} members decided it`
  const judged = differs
    ? 'the checkpoint holds another value'
    : (verdict ?? 'reported by nodes, not anchored')
  return `Height ${height}${said}${round === null ? '' : `, round ${round}`}: ${judged}`
}
