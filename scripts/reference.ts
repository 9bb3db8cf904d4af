/** Writes the pages that follow from the sources: npm run reference */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { referencePages } from './reference/pages.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
for (const { file, text } of referencePages(root)) writeFileSync(`${root}${file}`, text)
