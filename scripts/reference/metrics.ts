import { PROCESS_METRICS } from '../../src/adapters/system/process-metrics.ts'
import { FOLLOW_METRICS } from '../../src/cli/follow/metrics.ts'
import { NODE_METRICS } from '../../src/compose/metrics/specs.ts'
import type { MetricSpec, MetricSpecs } from '../../src/ports/metrics.ts'

const HEAD = `# Metrics

In the text format of Prometheus, over \`GET /metrics\` on 127.0.0.1. This page is written by \`npm run reference\` from the
definitions, and a test compares the two. The values of every label are listed: there is no series for a task, a peer or a height,
and a value that is not in a list counts as \`other\`.

[\`dashboards/alerts.yml\`](../dashboards/alerts.yml) has alert rules, \`dashboards/node.json\` and \`dashboards/audit.json\` are dashboards
for Grafana. A test parses every expression by Prometheus' own grammar, and fires every rule on scraped values. A rule for the clock is not
there: a node does not measure how wrong its clock is, \`rsdp doctor\` does. Nor are waiting times for quorums, locks and confirmations,
times of single RPC calls, votes by verdict and stake: the node does not measure them.
`

/** Who serves which metrics. */
const GROUPS: readonly (readonly [title: string, said: string, specs: MetricSpecs])[] = [
  [
    'Node',
    'Served by the local API of a node ([api.md](api.md)), and with `--metrics-port` at a port of its own.',
    { ...NODE_METRICS, ...PROCESS_METRICS },
  ],
  [
    'Watcher',
    'Served with `--metrics-port` by `rsdp audit follow <task>`, for that task ([audit.md](audit.md#following-a-task)).',
    FOLLOW_METRICS,
  ],
]

/** The page of all metrics, from their definitions. */
export function metricsPage(): string {
  const sections = GROUPS.map(([title, said, specs]) =>
    [
      `## ${title}\n\n${said}\n`,
      '| Name | Kind | Labels | |',
      '|---|---|---|---|',
      ...Object.entries<MetricSpec>(specs).map(([name, spec]) => row(name, spec)),
      '',
    ].join('\n'),
  )
  return [HEAD, ...sections].join('\n')
}

function row(name: string, { kind, labels = {}, help }: MetricSpec): string {
  const listed = Object.entries(labels).map(([label, values]) =>
    // of a build they are whatever it is
    name.endsWith('_info') ? `\`${label}\`` : `\`${label}\`: ${values.join(', ')}`,
  )
  return `| \`${name}\` | ${kind} | ${listed.join('; ') || '–'} | ${help} |`
}
