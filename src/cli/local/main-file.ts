import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The command line as a program for another process: `.ts` in the repository, `.js` in the package. */
export const MAIN_FILE = fileURLToPath(new URL(`../main${extname(import.meta.url)}`, import.meta.url))
