import type { JSX } from 'preact'
import { NAMES_MAX, PROGRESS, RING, ringSeats } from '../model/ring.ts'
import type { RingSeat } from '../model/ring.ts'
import type { LiveMember } from '../model/live-board.ts'
import { Card, Empty, Hash } from './parts.tsx'
import { faults, live, nameOf, report, rowSource } from './store.ts'

/** The ring, and the same as a table. */
export function Members(): JSX.Element {
  // not `live`: that stays the same object while the board changes in it
  const now = rowSource.value.live
  const count = report.value?.cluster?.members.length ?? now?.members ?? 0
  const bySeat = new Map([...(now?.byNode.values() ?? [])].map((member) => [member.seat, member]))
  const convicted = new Set([
    ...(report.value?.convictions ?? []).map(({ member }) => member),
    ...(live.value?.convictions ?? []).map(({ member }) => member),
  ])
  return (
    <Card
      id="members"
      title="Members"
      note={live.value === null ? 'as the chain names them' : 'phases as nodes report them'}
    >
      {count === 0 ? (
        <Empty>The cluster is drawn when sign-up ends.</Empty>
      ) : (
        <>
          <Ring count={count} bySeat={bySeat} convicted={convicted} />
          <Table count={count} bySeat={bySeat} convicted={convicted} />
          {faults.value.slice(0, 2).map(({ node, fault, height }) => (
            <p class="fault" key={`${node}${fault}${height}`}>
              <span aria-hidden="true">⚑</span> {node}: {fault} at height {height}
            </p>
          ))}
        </>
      )}
    </Card>
  )
}

interface Shown {
  readonly count: number
  readonly bySeat: ReadonlyMap<number, LiveMember>
  readonly convicted: ReadonlySet<number>
}

function Ring({ count, bySeat, convicted }: Shown): JSX.Element {
  const seats = ringSeats(count)
  const height = Math.max(0, ...[...bySeat.values()].map((member) => member.height))
  return (
    <svg class="ring" viewBox={`0 0 ${RING.width} ${RING.height}`} aria-hidden="true">
      <circle cx={RING.width / 2} cy={RING.height / 2} r={RING.radius} class="orbit" />
      <text x={RING.width / 2} y={RING.height / 2 - 2} class="big">
        {height === 0 ? '–' : height}
      </text>
      <text x={RING.width / 2} y={RING.height / 2 + 18} class="small">
        height in work
      </text>
      {seats.map((seat, i) => (
        <Seat
          key={i}
          seat={seat}
          member={bySeat.get(i) ?? null}
          name={count <= NAMES_MAX ? nameOf(i) : null}
          isConvicted={convicted.has(i)}
        />
      ))}
    </svg>
  )
}

function Seat({
  seat,
  member,
  name,
  isConvicted,
}: {
  readonly seat: RingSeat
  readonly member: LiveMember | null
  readonly name: string | null
  readonly isConvicted: boolean
}): JSX.Element {
  const { x, y, r, labelX, labelY, anchor } = seat
  const around = 2 * Math.PI * r
  const phase = member?.phase ?? 'INITIAL'
  return (
    <g class={`seat ${phase.toLowerCase()}${isConvicted ? ' convicted' : ''}`}>
      <circle cx={x} cy={y} r={r} class="disc" />
      <circle
        cx={x}
        cy={y}
        r={r}
        class="arc"
        stroke-dasharray={`${PROGRESS[phase] * around} ${around}`}
        transform={`rotate(-90 ${x} ${y})`}
      />
      {isConvicted && r > 6 ? (
        <text x={x} y={y + 5} class="mark">
          ⚖
        </text>
      ) : null}
      {name === null ? null : (
        <text x={labelX} y={labelY} text-anchor={anchor} class="name">
          {name}
        </text>
      )}
    </g>
  )
}

function Table({ count, bySeat, convicted }: Shown): JSX.Element {
  return (
    <div class="scroll" role="region" aria-label="Table of members" tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">Member</th>
            <th scope="col">Phase</th>
            <th scope="col" class="number">
              Height
            </th>
            <th scope="col">Key</th>
          </tr>
        </thead>
        <tbody>
          {Array.from({ length: count }, (_, i) => {
            const member = bySeat.get(i)
            const key = report.value?.cluster?.members[i]?.key
            return (
              <tr key={i}>
                <th scope="row">
                  {nameOf(i)}
                  {convicted.has(i) ? <span class="tag bad">⚖ convicted</span> : null}
                </th>
                <td>
                  {member === undefined ? (
                    '–'
                  ) : (
                    <span class={`phase ${member.phase.toLowerCase()}`}>{member.phase}</span>
                  )}
                </td>
                <td class="number">
                  {member === undefined || member.height === 0
                    ? '–'
                    : `${member.height}${member.round === 0 ? '' : `.${member.round}`}`}
                </td>
                <td>{key === undefined ? '–' : <Hash value={key} />}</td>
              </tr>
            )
          })}
        </tbody>
      </table>
    </div>
  )
}
