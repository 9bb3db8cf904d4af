/** Writes the page of rows from its data: `npm run rows`. */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { ROWS_PAGE, rowsPage, serviceRows } from '../test/helpers/service-rows.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
writeFileSync(`${root}/${ROWS_PAGE}`, rowsPage(serviceRows()))
