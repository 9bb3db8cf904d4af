import type { ComponentChildren, JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { DecodedState } from '../desk/messages.ts'
import { grouped, share } from '../model/format.ts'
import { auditedAt, rowOf } from '../model/rows.ts'
import { Card, Empty, Hash } from './parts.tsx'
import { askDesk } from './session.ts'
import { chosen, current, live, report, rowSource, setup, task } from './store.ts'

/** The chosen height: what was decided, what the checkpoint holds, the state as its reducer reads it. */
export function Detail(): JSX.Element {
  const height = chosen.value
  if (height === null)
    return (
      <Card id="detail" title="Decided state">
        <Empty>Choose a height: its state, hashes and checks appear here.</Empty>
      </Card>
    )
  const row = rowOf(rowSource.value, height)
  const audited = report.value === null ? null : auditedAt(report.value, height)
  const block = current.value?.answer.block
  return (
    <Card
      id="detail"
      title={`Height ${grouped(height)}`}
      note={
        audited === null || block === undefined
          ? 'reported by nodes, not anchored yet'
          : `judged at block ${grouped(block)}`
      }
    >
      <dl class="pairs">
        <Pair name="Value">{row.value === null ? '–' : <Hash value={row.value} head={18} tail={8} />}</Pair>
        <Pair name="Round">{row.round ?? '–'}</Pair>
        <Pair name="Inputs">{row.inputs ?? '–'}</Pair>
        <Pair name="Decided by">
          {row.agreeing === null ? '–' : `${row.agreeing} of ${row.members} members`}
        </Pair>
        <Pair name="Validity">
          SHARE {share(row.shares)}, decided {share(row.final)}
        </Pair>
        {audited === null ? null : (
          <>
            <Pair name="State hash">
              <Hash value={audited.stateHash} head={18} tail={8} />
            </Pair>
            <Pair name="Attested">{audited.attested ? '✔ by more than 2/3 of the weight' : '✖ no'}</Pair>
            <Pair name="Recomputed">
              {audited.recomputed ? '✔ the reducer gives this state again' : '? its inputs are not on chain'}
            </Pair>
          </>
        )}
      </dl>
      <State height={height} stateHash={audited?.stateHash ?? null} />
    </Card>
  )
}

function Pair({
  name,
  children,
}: {
  readonly name: string
  readonly children: ComponentChildren
}): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}

/** The state comes from a node; its hash says whether it is the one that was anchored. */
function State({
  height,
  stateHash,
}: {
  readonly height: number
  readonly stateHash: string | null
}): JSX.Element {
  const [state, setState] = useState<DecodedState | 'none' | null>(null)
  const [id, node] = [task.value, [...(live.value?.byNode.keys() ?? [])].at(0)]
  const reducer = report.value?.reducer ?? ''
  useEffect(() => {
    let isGone = false
    setState(null)
    void loadState(node, id, height, reducer)
      .catch(() => null)
      .then((found) => {
        if (!isGone) setState(found ?? 'none')
      })
    return () => {
      isGone = true
    }
  }, [height, id, node, reducer])
  if (state === null) return <p class="nothing">Reading the state …</p>
  if (state === 'none')
    return (
      <Empty>
        {setup.value?.hasFeed === true
          ? 'No node has this state any more.'
          : 'States are with the members: this page reads the chain alone.'}
      </Empty>
    )
  return (
    <>
      <h3>
        State by {reducer === '' ? 'its reducer' : reducer} <Match hash={state.hash} stateHash={stateHash} />
      </h3>
      {state.fields === null ? (
        <Empty>The reducer’s description is not in this page: only the hash can be compared.</Empty>
      ) : (
        <Fields fields={state.fields} />
      )}
    </>
  )
}

function Match({
  hash,
  stateHash,
}: {
  readonly hash: string
  readonly stateHash: string | null
}): JSX.Element {
  if (stateHash === null) return <span class="badge reported">○ reported by a node</span>
  return hash === stateHash ? (
    <span class="badge verified">✔ hash is the anchored one</span>
  ) : (
    <span class="badge mismatch">✖ hash is not the anchored one</span>
  )
}

function Fields({ fields }: { readonly fields: NonNullable<DecodedState['fields']> }): JSX.Element {
  const table = tableOf(fields)
  return (
    <div class="scroll" role="region" aria-label="Fields of the state" tabIndex={0}>
      {table.plain.length === 0 ? null : (
        <dl class="pairs">
          {table.plain.map(([path, value]) => (
            <Pair key={path} name={path === '' ? 'value' : path}>
              {shown(value)}
            </Pair>
          ))}
        </dl>
      )}
      {table.lists.map(({ name, columns, rows }) => (
        <table key={name}>
          <caption>{name}</caption>
          <thead>
            <tr>
              {columns.map((column) => (
                <th key={column} scope="col" class="number">
                  {column}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row, i) => (
              <tr key={i}>
                {columns.map((column) => (
                  <td key={column} class="number">
                    {shown(row.get(column) ?? '–')}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      ))}
    </div>
  )
}

const shown = (value: string): ComponentChildren =>
  /^\d{4,}$/.test(value) ? grouped(BigInt(value)) : value.startsWith('0x') ? <Hash value={value} /> : value

interface Tables {
  readonly plain: readonly (readonly [string, string])[]
  readonly lists: readonly {
    readonly name: string
    readonly columns: readonly string[]
    readonly rows: readonly ReadonlyMap<string, string>[]
  }[]
}

/** `rows.2.share` is a cell of list `rows`. */
function tableOf(fields: NonNullable<DecodedState['fields']>): Tables {
  const plain: (readonly [string, string])[] = []
  const lists = new Map<string, Map<string, Map<string, string>>>()
  for (const [path, value] of fields) {
    const [, name, index, column] = /^(.*?)\.(\d+)(?:\.(.*))?$/.exec(path) ?? []
    if (name === undefined || index === undefined) {
      plain.push([path, value])
      continue
    }
    const rows = lists.get(name) ?? new Map<string, Map<string, string>>()
    rows.set(index, (rows.get(index) ?? new Map<string, string>()).set(column ?? 'value', value))
    lists.set(name, rows)
  }
  return {
    plain,
    lists: [...lists].map(([name, rows]) => ({
      name,
      columns: [...new Set([...rows.values()].flatMap((row) => [...row.keys()]))],
      rows: [...rows.values()],
    })),
  }
}

async function loadState(
  node: string | undefined,
  id: string | null,
  height: number,
  reducer: string,
): Promise<DecodedState | null> {
  if (node === undefined || id === null) return null
  const response = await fetch(`nodes/${encodeURIComponent(node)}/tasks/${id}/heights/${height}`, {
    cache: 'no-store',
  })
  if (response.status !== 200) return null
  const { state } = (await response.json()) as { readonly state: `0x${string}` }
  const [decoded] = await askDesk('decode', { reducer, states: [state] })
  return decoded ?? null
}
