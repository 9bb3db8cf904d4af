/** Installs Debian's Chromium, which the tests of the dashboard drive. Needs root and a mirror of Debian's packages. */
import { bringChromium } from '../test/helpers/chromium.ts'

const brought = bringChromium()
console.log('path' in brought ? `Chromium is at ${brought.path}` : brought.reason)
process.exitCode = 'path' in brought ? 0 : 3
