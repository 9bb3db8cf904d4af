import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

/** Where systems put it. */
const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/snap/bin/chromium',
]
/** For its packages to be fetched and unpacked. */
const INSTALL_MS = 240_000

export type Chromium = { readonly path: string } | { readonly reason: string }

/** The browser of this machine, or why there is none. */
export function findChromium(): Chromium {
  const path = PLACES.find((place) => existsSync(place))
  return path === undefined
    ? { reason: 'no Chromium: node scripts/install-chromium.ts as root brings one' }
    : { path }
}

/** As `findChromium`; where there is none, Debian's is installed first, if this process may. */
export function bringChromium(): Chromium {
  const found = findChromium()
  if ('path' in found) return found
  if (process.getuid?.() !== 0) return { reason: 'no Chromium, and not root: apt-get install chromium' }
  if (spawnSync('apt-get', ['--version']).status !== 0) return { reason: 'no Chromium, and no apt-get' }
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const apt = (...args: readonly string[]): boolean =>
    spawnSync('apt-get', ['-qq', ...args], {
      env,
      stdio: ['ignore', 'ignore', 'inherit'],
      timeout: INSTALL_MS,
    }).status === 0
  const install = ['install', '-y', '--no-install-recommends', 'chromium']
  if (!apt(...install) && !(apt('update') && apt(...install)))
    return { reason: 'no Chromium, and apt-get cannot install it' }
  return findChromium()
}
