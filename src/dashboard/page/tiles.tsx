import type { ComponentChildren, JSX } from 'preact'
import { grouped, plural } from '../model/format.ts'
import { quorumOf } from '../model/ring.ts'
import { lastHeight } from '../model/rows.ts'
import { tally } from '../model/verdicts.ts'
import { Age, Badge } from './parts.tsx'
import { checkpoints, current, isAuditing, live, report, rowSource } from './store.ts'

export function Tiles(): JSX.Element {
  return (
    <div class="tiles">
      <VerdictTile />
      <HeightsTile />
      <CheckpointsTile />
      <ClusterTile />
    </div>
  )
}

function Tile({
  label,
  value,
  note,
}: {
  readonly label: string
  readonly value: ComponentChildren
  readonly note: ComponentChildren
}): JSX.Element {
  return (
    <section class="tile">
      <h2>{label}</h2>
      <p class="value">{value}</p>
      <p class="note">{note}</p>
    </section>
  )
}

function VerdictTile(): JSX.Element {
  const audit = current.value
  if (audit === null)
    return (
      <Tile label="Audit" value="–" note={isAuditing.value ? 'reading the chain …' : 'not audited yet'} />
    )
  const { report: found, answer, atMs, tookMs } = audit
  return (
    <Tile
      label="Audit"
      value={<Badge verdict={found.verdict} large />}
      note={
        <>
          at block {grouped(answer.block)} · <Age atMs={atMs} /> · {(tookMs / 1_000).toFixed(1)} s
        </>
      }
    />
  )
}

function HeightsTile(): JSX.Element {
  const most = report.value?.heightsMax ?? 0
  const anchored = report.value?.heightsAnchored ?? 0
  return (
    <Tile
      label="Heights decided"
      value={
        <>
          {grouped(lastHeight(rowSource.value))}
          {most === 0 ? null : <small> of {grouped(most)}</small>}
        </>
      }
      note={`${grouped(anchored)} anchored on chain`}
    />
  )
}

function CheckpointsTile(): JSX.Element {
  const all = checkpoints.value
  const { verified, mismatch, unavailable } = tally(all)
  const wrong = [
    ...(mismatch === 0 ? [] : [`${mismatch} mismatch`]),
    ...(unavailable === 0 ? [] : [`${unavailable} unavailable`]),
  ]
  return (
    <Tile
      label="Checkpoints verified"
      value={
        <>
          {grouped(verified)}
          <small> of {grouped(all.length)}</small>
        </>
      }
      note={
        wrong.length > 0 ? (
          <span class="bad">{wrong.join(', ')}</span>
        ) : all.length === 0 ? (
          'none on chain yet'
        ) : (
          'nothing that does not fit'
        )
      }
    />
  )
}

function ClusterTile(): JSX.Element {
  const cluster = report.value?.cluster ?? null
  const members = cluster?.members.length ?? live.value?.members ?? 0
  const convicted = new Set(report.value?.convictions.map(({ member }) => member)).size
  return (
    <Tile
      label="Cluster"
      value={members === 0 ? '–' : plural(members, 'member')}
      note={
        members === 0
          ? 'not drawn yet'
          : `quorum ${quorumOf(cluster?.totalWeight ?? members)} of ${cluster?.totalWeight ?? members}${convicted === 0 ? '' : ` · ${convicted} convicted`}`
      }
    />
  )
}
