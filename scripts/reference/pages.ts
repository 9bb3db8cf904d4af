import { reportSchema, reportsSchema } from '../../src/audit/report-schema.ts'
import { cliPage } from './cli.ts'
import { errorsPage } from './errors.ts'
import { metricsPage } from './metrics.ts'
import { schemaFile } from './schema.ts'

/** Pages that follow from the sources. @param root the project's folder */
export function referencePages(root: string): { readonly file: string; readonly text: string }[] {
  return [
    { file: 'docs/cli.md', text: cliPage() },
    { file: 'docs/errors.md', text: errorsPage(root) },
    { file: 'docs/metrics.md', text: metricsPage() },
    { file: 'docs/formats/audit.schema.json', text: schemaFile(reportSchema) },
    { file: 'docs/formats/audit-many.schema.json', text: schemaFile(reportsSchema) },
  ]
}
