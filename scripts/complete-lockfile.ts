/**
 * Adds to package-lock.json the optional platform builds that npm left out, and takes out the addresses of the
 * registry it was made with: `npm ci` asks the registry that is configured where it runs.
 *
 * `npm install` drops an optional dependency that the registry cannot serve at that moment; `npm ci`
 * then refuses the lockfile (EUSAGE). Entries for other platforms are never installed here, so the
 * version, os and cpu that their names already state are all that npm needs. Run after each install:
 *
 *   npm install …; node scripts/complete-lockfile.ts
 */
import { readFileSync, writeFileSync } from 'node:fs'

interface LockedPackage {
  resolved?: string
  version?: string
  optional?: boolean
  os?: string[]
  cpu?: string[]
  optionalDependencies?: Record<string, string>
}

const LOCKFILE = new URL('../package-lock.json', import.meta.url)
const lock = JSON.parse(readFileSync(LOCKFILE, 'utf8')) as { packages: Record<string, LockedPackage> }

let added = 0
for (const locked of Object.values(lock.packages)) {
  delete locked.resolved
  for (const [name, version] of Object.entries(locked.optionalDependencies ?? {})) {
    const path = `node_modules/${name}`
    const platform = /-(darwin|linux|win32|freebsd|android)-(x64|amd64|arm64|arm|ia32)\b/.exec(name)
    if (lock.packages[path] !== undefined || platform === null) continue
    const [, os = '', cpu = ''] = platform
    lock.packages[path] = { version, cpu: [cpu === 'amd64' ? 'x64' : cpu], optional: true, os: [os] }
    added += 1
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)))
writeFileSync(LOCKFILE, `${JSON.stringify(lock, null, 2)}\n`)
console.log(`${String(added)} optional entries added to package-lock.json`)
