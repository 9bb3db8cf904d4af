import type { JSX } from 'preact'
import type { FindingJson } from '../model/verdicts.ts'
import { Card, Hash } from './parts.tsx'
import { nameOf, report } from './store.ts'

const SHOWN_MAX = 50

/** What does not fit, by field, with what was expected and why. */
export function Findings(): JSX.Element | null {
  const { findings = [], unavailable = [] } = report.value ?? {}
  if (findings.length === 0 && unavailable.length === 0) return null
  const note =
    findings.length === 0
      ? 'hashes are on chain, their bytes were not found'
      : 'what the endpoint says does not fit together'
  return (
    <Card
      id="findings"
      title={findings.length === 0 ? 'Could not be checked' : 'Does not fit'}
      note={note}
      wide
    >
      <ul class="findings">
        {findings.slice(0, SHOWN_MAX).map((finding) => (
          <Finding key={finding.path} finding={finding} />
        ))}
        {unavailable.slice(0, SHOWN_MAX).map(({ path, why }) => (
          <li key={path} class="unavailable">
            <code>{path}</code>
            <p>{why}</p>
          </li>
        ))}
      </ul>
      {findings.length + unavailable.length > SHOWN_MAX ? (
        <p class="muted">The saved JSON has all of them.</p>
      ) : null}
    </Card>
  )
}

function Finding({ finding }: { readonly finding: FindingJson }): JSX.Element {
  const { path, expected, actual, why, height, member } = finding
  return (
    <li class="mismatch">
      <code>✖ {path}</code>
      <p>
        is <Hash value={actual} head={18} tail={6} />, expected <Hash value={expected} head={18} tail={6} />
      </p>
      <p class="muted">
        {why}
        {height === undefined ? '' : ` · height ${height}`}
        {member === undefined ? '' : ` · ${nameOf(member)}`}
      </p>
    </li>
  )
}
