import { createHash } from 'node:crypto'
import { describeRange } from '../../audit/range.ts'
import type { ReportJson } from '../../audit/report-schema.ts'
import { SYMBOLS } from '../../audit/render-steps.ts'
import type { Verdict } from '../../audit/report.ts'
import { formatTokens } from '../../audit/tokens.ts'
import type { TokenUnit } from '../../audit/tokens.ts'
import { html, Markup } from './markup.ts'

const STYLE = `:root{color-scheme:light dark;--line:#8884;--bad:#b3261e;--good:#1b6e3c;--dim:#6b6b6b}
@media(prefers-color-scheme:dark){:root{--bad:#ff8a80;--good:#7bd79b;--dim:#a0a0a0}}
body{font:15px/1.45 system-ui,sans-serif;margin:1.5rem auto;max-width:72rem;padding:0 1rem}
table{border-collapse:collapse;width:100%}div{overflow-x:auto}
th,td{text-align:left;padding:.25rem .6rem;border-bottom:1px solid var(--line);vertical-align:top}
code,td.v{font:13px/1.4 ui-monospace,monospace;overflow-wrap:anywhere}
.mismatch{color:var(--bad);font-weight:600}.verified{color:var(--good)}.unavailable,.pending{color:var(--dim)}
dt{color:var(--dim)}dd{margin:0 0 .4rem;overflow-wrap:anywhere}summary{cursor:pointer;margin:.6rem 0}
`

export interface HtmlOptions {
  /** Null: amounts are whole numbers of the token's smallest unit. */
  readonly unit: TokenUnit | null
  /** What is said about the whole, e.g. which program wrote it. */
  readonly by: string
}

/**
 * The reports as one file for a browser: no script, no request, a policy (CSP) that forbids both. Everything that a chain or
 * an endpoint told is escaped.
 */
export function reportsHtml(reports: readonly ReportJson[], options: HtmlOptions): string {
  const style = createHash('sha256').update(STYLE).digest('base64')
  const policy = `default-src 'none'; style-src 'sha256-${style}'; base-uri 'none'; form-action 'none'`
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="referrer" content="no-referrer" />
        <title>RSDP audit</title>
        <style>
          ${new Markup(STYLE)}
        </style>
      </head>
      <body>
        <h1>RSDP audit</h1>
        <p>${options.by}</p>
        ${reports.length === 1 ? [] : [overview(reports)]}
        ${reports.map((report) => section(report, options.unit))}
      </body>
    </html> `.text
}

const badge = (verdict: Verdict): Markup => html`<span class="${verdict}">${SYMBOLS[verdict]}</span>`

function table(headings: readonly string[], rows: readonly Markup[]): Markup {
  return html`<div>
    <table>
      <thead>
        <tr>
          ${headings.map((one) => html`<th scope="col">${one}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </div> `
}

const row = (...cells: readonly (string | number | Markup)[]): Markup =>
  html`<tr>
    ${cells.map((one) => html`<td class="v">${one}</td>`)}
  </tr> `

function folded(title: string, headings: readonly string[], rows: readonly Markup[]): Markup {
  if (rows.length === 0) return html``
  return html`<details>
    <summary>${title} (${rows.length})</summary>
    ${table(headings, rows)}
  </details> `
}

function overview(reports: readonly ReportJson[]): Markup {
  return table(
    ['task', 'verdict', 'heights', 'block', 'does not fit'],
    reports.map(({ taskId, verdict, heightsAnchored, head, findings }) =>
      row(
        html`<a href="#task-${taskId}">${taskId}</a>`,
        badge(verdict),
        heightsAnchored,
        head,
        findings.length,
      ),
    ),
  )
}

function section(report: ReportJson, unit: TokenUnit | null): Markup {
  const { taskId, verdict, findings, unavailable, steps } = report
  const wrong = findings.map(({ path, actual, expected, why }) =>
    row(html`<span class="mismatch">${path}</span>`, actual, expected, why),
  )
  return html`<section id="task-${taskId}">
    <h2>Task ${taskId}: ${badge(verdict)}</h2>
    <dl>
      ${factsOf(report).map(
        ([name, value]) =>
          html`<dt>${name}</dt>
            <dd>${value}</dd>`,
      )}
    </dl>
    ${wrong.length === 0 ? [] : [html`<h3>Does not fit</h3>`, table(['field', 'is', 'expected', 'why'], wrong)]}
    ${folded(
      'Not checked',
      ['field', 'why'],
      unavailable.map(({ path, why }) => row(path, why)),
    )}
    <h3>Steps</h3>
    ${table(
      ['step', 'block', 'logged', 'recomputed', 'signatures', 'verdict'],
      steps.map((step) =>
        row(
          step.label,
          step.block ?? '-',
          step.logged,
          step.recomputed,
          step.signatures,
          badge(step.verdict),
        ),
      ),
    )}
    ${details(report, unit)}
  </section> `
}

/** What is shown on request. */
function details({ heights, convictions, penalties, money }: ReportJson, unit: TokenUnit | null): Markup[] {
  const amount = (text: string): string => formatTokens(BigInt(text), unit)
  const yes = (is: boolean): string => (is ? 'yes' : 'no')
  return [
    folded(
      'Heights',
      ['height', 'round', 'value', 'state hash', 'attested', 'recomputed'],
      heights.map(({ height, round, value, stateHash, attested, recomputed }) =>
        row(height, round, value, stateHash, yes(attested), yes(recomputed)),
      ),
    ),
    folded(
      'Convictions',
      ['member', 'offence', 'height', 'because', 'transaction'],
      convictions.map((one) => row(one.member, one.offence, one.height, one.because, one.transaction)),
    ),
    folded(
      'Penalties',
      ['member', 'operator', 'amount', 'block'],
      penalties.map((one) => row(one.member, one.operator, amount(one.amount), one.block)),
    ),
    folded(
      'Payments',
      ['block', 'from', 'to', 'amount', 'why'],
      (money?.movements ?? []).map((one) => row(one.block, one.from, one.to, amount(one.amount), one.why)),
    ),
  ]
}

function factsOf(report: ReportJson): [string, string | number][] {
  const { chainId, head, reducer, client, cluster, heightsAnchored, heightsMax, outcome, end, range } = report
  return [
    ['chain', chainId],
    ['audited up to block', head],
    ['reducer', reducer ?? 'unknown'],
    ['client', client ?? 'unknown'],
    ['members', cluster === null ? 'not drawn yet' : cluster.members.length],
    ['heights', `${heightsAnchored} of ${heightsMax} anchored`],
    ['status', end === null ? 'unknown' : `${end.status}: ${end.because}`],
    ['result', `${outcome.outcome}, ${outcome.because}`],
    ...(range === undefined ? [] : [['range', describeRange(range)] satisfies [string, string]]),
  ]
}
