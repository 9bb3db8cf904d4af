/**
 * Pictures of the dashboard from a real run with a liar: at 1280 and 360 px, light and dark.
 *
 *   ./rsdp --script scripts/screenshots.ts [FOLDER]      default: docs/images
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import { bringChromium } from '../test/helpers/chromium.ts'
import { rsdpHere } from '../test/helpers/cli.ts'
import { startDevNetwork } from '../test/helpers/dev-network.ts'

const folder = process.argv[2] ?? fileURLToPath(new URL('../docs/images', import.meta.url))
const SIZES = [
  { name: 'wide', width: 1280, height: 980 },
  { name: 'narrow', width: 360, height: 740 },
] as const
const NODES = '7'
/** A busy machine is slow. */
const PATIENCE = { timeout: 240_000 }

const brought = bringChromium()
if ('reason' in brought) {
  console.error(brought.reason)
  process.exit(3)
}
mkdirSync(folder, { recursive: true })
const network = await startDevNetwork('--nodes', NODES, '--fault', 'equivocate-share:7-8')
const browser = await chromium.launch({
  executablePath: brought.path,
  args: ['--no-sandbox', '--disable-gpu'],
})
try {
  const where = ['--rpc-url', network.rpcUrl, '--deployment', network.deployment]
  const size = ['--nodes', NODES, '--heights', '40', '--epoch', '4', '--factor', '20']
  await rsdpHere('task', 'publish', ...size, ...where, '--yes')
  for (const colorScheme of ['light', 'dark'] as const)
    for (const { name, ...viewport } of SIZES) {
      const page = await browser.newPage({ viewport, colorScheme, reducedMotion: 'reduce' })
      await page.goto(network.dashboard)
      await page.locator('[data-slash] .badge.verified').waitFor(PATIENCE)
      await page.locator('tr[data-checkpoint="17-20"].verified').waitFor(PATIENCE)
      await page.locator('[data-row]').nth(3).click()
      await page.locator('#detail h3 .badge').waitFor(PATIENCE)
      for (const [part, fullPage] of [
        ['', false],
        ['-all', true],
      ] as const) {
        const path = join(folder, `dashboard-${name}-${colorScheme}${part}.png`)
        await page.screenshot({ path, fullPage })
        console.log(path)
      }
      await page.close()
    }
} finally {
  await browser.close()
  await network.close()
}
