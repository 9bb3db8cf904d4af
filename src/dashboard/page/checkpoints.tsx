import type { JSX } from 'preact'
import { grouped } from '../model/format.ts'
import type { CheckpointRow } from '../model/verdicts.ts'
import { Badge, Card, Empty, Hash } from './parts.tsx'
import { checkpoints, current, report } from './store.ts'

/** Checkpoints with the audit's verdict, and the rest of what it judged. */
export function Checkpoints(): JSX.Element {
  const audit = current.value
  const note =
    audit === null ? 'not audited yet' : `judged in this browser at block ${grouped(audit.answer.block)}`
  const others = report.value?.steps.filter(({ kind }) => kind !== 'checkpoint') ?? []
  return (
    <Card id="checkpoints" title="Checkpoints" note={note} wide>
      {checkpoints.value.length === 0 ? (
        <Empty>No checkpoint is on chain yet. Members send one when an epoch of heights is decided.</Empty>
      ) : (
        <div class="scroll" role="region" aria-label="Table of checkpoints" tabIndex={0}>
          <table>
            <thead>
              <tr>
                <th scope="col">Heights</th>
                <th scope="col">Verdict</th>
                <th scope="col" class="number">
                  Block
                </th>
                <th scope="col">Root on chain</th>
                <th scope="col">Recomputed</th>
                <th scope="col" class="number">
                  Signatures
                </th>
              </tr>
            </thead>
            <tbody>
              {checkpoints.value.map((row, i) => (
                <Row key={i} row={row} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {others.length === 0 ? null : (
        <>
          <h3>Everything else that was judged</h3>
          <ul class="steps">
            {others.map(({ kind, label, verdict }) => (
              <li key={`${kind}${label}`}>
                <span>{label.toLowerCase()}</span> <Badge verdict={verdict} />
              </li>
            ))}
          </ul>
          <SaveReport />
        </>
      )}
    </Card>
  )
}

function Row({ row }: { readonly row: CheckpointRow }): JSX.Element {
  const { range, label, block, logged, recomputed, signatures, verdict, findings } = row
  return (
    <tr class={verdict} data-checkpoint={range === null ? label : `${range.first}-${range.last}`}>
      <th scope="row">{range === null ? label : `${range.first} – ${range.last}`}</th>
      <td>
        <Badge verdict={verdict} />
        {findings.map(({ path }) => (
          <a key={path} class="field" href="#findings">
            {path}
          </a>
        ))}
      </td>
      <td class="number">{block === null ? '–' : grouped(block)}</td>
      <td>
        <Hash value={logged} />
      </td>
      <td>
        <Hash value={recomputed} />
      </td>
      <td class="number">{signatures}</td>
    </tr>
  )
}

/** The verdict as data: the same bytes as the `data` of `rsdp audit --json`. */
function SaveReport(): JSX.Element | null {
  const audit = current.value
  if (audit === null) return null
  const save = (): void => {
    const url = URL.createObjectURL(new Blob([audit.answer.json], { type: 'application/json' }))
    const link = document.createElement('a')
    link.href = url
    link.download = `audit-task-${audit.task}-block-${audit.answer.block}.json`
    link.click()
    URL.revokeObjectURL(url)
  }
  return (
    <p class="actions">
      <button type="button" onClick={save}>
        Save the verdict as JSON
      </button>
      <span class="muted">the data of rsdp audit {audit.task} --json</span>
    </p>
  )
}
