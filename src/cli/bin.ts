#!/usr/bin/env node
/**
 * The program `rsdp` of the package; in the repository ./rsdp finds a fitting Node first. It has no static imports:
 * an older Node must be told so before it reads what it cannot run.
 */
const OLDEST = [22, 18] as const

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
  process.stderr.write(
    `error[E_NODE]: rsdp needs Node >= ${OLDEST.join('.')}, this is ${process.versions.node} -> install Node 24\n`,
  )
  process.exit(3)
}
// node:sqlite is experimental in these versions, and says so once in every process
const warn = process.emitWarning.bind(process) as (...args: unknown[]) => void
process.emitWarning = (...args: unknown[]): void => {
  const [, kind] = args
  const type = typeof kind === 'object' && kind !== null && 'type' in kind ? kind.type : kind
  if (type !== 'ExperimentalWarning') warn(...args)
}
await import('./main.ts')

export {}
