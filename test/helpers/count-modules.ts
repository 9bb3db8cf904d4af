/** Loaded with --import: writes the modules that a process has loaded to the file RSDP_TEST_MODULES names, at its end. */
import { writeFileSync } from 'node:fs'
import { registerHooks } from 'node:module'

const loaded: string[] = []
registerHooks({
  load(url, context, next) {
    if (url.startsWith('file:')) loaded.push(url)
    return next(url, context)
  },
})
process.on('exit', () => writeFileSync(process.env['RSDP_TEST_MODULES'] ?? '', loaded.join('\n')))
