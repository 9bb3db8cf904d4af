import type { JSX } from 'preact'
import type { StakeRow } from '../desk/messages.ts'
import { amount, grouped } from '../model/format.ts'
import { Card, Empty, Hash } from './parts.tsx'
import { look, opened, operatorName } from './store.ts'

const ROWS_MAX = 31

/** Stakes of all operators: free, locked by tasks, on the way out. */
export function Stakes(): JSX.Element {
  const { stakes = [], block } = look.value ?? {}
  const most = stakes.reduce((top, row) => (sum(row) > top ? sum(row) : top), 1n)
  return (
    <Card
      id="stakes"
      title="Stakes"
      note={block === undefined ? undefined : `of all operators at block ${grouped(block)}`}
    >
      {stakes.length === 0 ? (
        <Empty>No operator has staked.</Empty>
      ) : (
        <ul class="stakes">
          {stakes.slice(0, ROWS_MAX).map((row) => (
            <Stake key={row.operator} row={row} most={most} />
          ))}
        </ul>
      )}
      <p class="legend muted">
        <span class="swatch locked" /> locked by tasks <span class="swatch free" /> free{' '}
        <span class="swatch unbonding" /> unbonding
      </p>
    </Card>
  )
}

function Stake({ row, most }: { readonly row: StakeRow; readonly most: bigint }): JSX.Element {
  const shown = (wei: bigint): string => amount(wei, opened.value?.unit ?? null)
  const width = (wei: string): string => `${Number((BigInt(wei) * 10_000n) / most) / 100}%`
  const name = operatorName(row.operator)
  const parts = `${shown(BigInt(row.locked))} locked, ${shown(BigInt(row.free))} free, ${shown(BigInt(row.unbonding))} unbonding`
  return (
    <li title={parts}>
      <span class="who">{name ?? <Hash value={row.operator} />}</span>
      <span class="bars" aria-hidden="true">
        <span class="locked" style={{ width: width(row.locked) }} />
        <span class="free" style={{ width: width(row.free) }} />
        <span class="unbonding" style={{ width: width(row.unbonding) }} />
      </span>
      <span class="number">
        {shown(sum(row))}
        <span class="sr">: {parts}</span>
      </span>
    </li>
  )
}

const sum = ({ free, locked, unbonding }: StakeRow): bigint =>
  BigInt(free) + BigInt(locked) + BigInt(unbonding)
