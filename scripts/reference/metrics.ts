import { FOLLOW_METRICS } from '../../src/cli/follow/metrics.ts'
import type { MetricSpec, MetricSpecs } from '../../src/ports/metrics.ts'

const HEAD = `# Metrics

In the text format of Prometheus, over \`GET /metrics\` on 127.0.0.1. This page is written by \`npm run reference\` from the
definitions, and a test compares the two. The values of every label are listed: there is no series for a task, a peer or a height,
and a value that is not in a list counts as \`other\`.
`

/** Who serves which metrics. */
const GROUPS: readonly (readonly [title: string, said: string, specs: MetricSpecs])[] = [
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
