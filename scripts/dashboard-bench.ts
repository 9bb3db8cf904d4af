/**
 * 10,000 heights of 31 members in Chromium: rows in the document, and the longest task while the list is loaded, scrolled and
 * walked through by keys. No chain runs: what is measured is the page.
 */
import { chromium } from 'playwright-core'
import { pageFile } from '../src/adapters/esbuild/page-file.ts'
import { Feed } from '../src/cli/ui/feed.ts'
import { startPageServer } from '../src/cli/ui/page-server.ts'
import { bringChromium } from '../test/helpers/chromium.ts'

const HEIGHTS = 10_000
const MEMBERS = 31
const STEPS = 40
const OBSERVE = `window.longTasks = []
new PerformanceObserver((list) => window.longTasks.push(...list.getEntries().map(({ duration }) => duration)))
  .observe({ type: 'longtask', buffered: true })`

const brought = bringChromium()
if ('reason' in brought) {
  console.error(brought.reason)
  process.exit(3)
}
const feed = new Feed()
const nodes = Array.from({ length: MEMBERS }, (_, seat) => `node${seat}`)
for (const [seat, node] of nodes.entries())
  feed.tell({ type: 'running', node, task: '1', seat, members: MEMBERS })
for (let height = 1; height <= HEIGHTS; height += 1)
  for (const node of nodes.slice(height % 3))
    feed.tell({
      type: 'decided',
      node,
      task: '1',
      height,
      round: 0,
      value: `0x${height}`,
      inputs: MEMBERS,
      atMs: 1,
    })
const setup = { rpcUrl: 'http://127.0.0.1:1', deployment: {}, nodes: [] }
const { html } = await pageFile()
const server = await startPageServer({ port: 0, html, setup: () => setup, feed })
const browser = await chromium.launch({
  executablePath: brought.path,
  args: ['--no-sandbox', '--disable-gpu'],
})
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
  await page.addInitScript(OBSERVE)
  const start = performance.now()
  await page.goto(server.url)
  await page.locator(`[data-row="${HEIGHTS}"]`).waitFor()
  const loadMs = Math.round(performance.now() - start)
  const list = page.getByRole('listbox', { name: /Heights/ })
  await list.hover()
  let rowsMax = 0
  for (let step = 0; step < STEPS; step += 1) {
    await page.mouse.wheel(0, (38 * HEIGHTS) / STEPS)
    rowsMax = Math.max(rowsMax, await page.locator('[data-row]').count())
  }
  await list.focus()
  for (const key of ['Home', 'End', ...Array.from({ length: STEPS }, () => 'PageUp')])
    await page.keyboard.press(key)
  const tasks = await page.evaluate<readonly number[]>('window.longTasks')
  const longestTaskMs = Math.round(Math.max(0, ...tasks))
  console.log(
    JSON.stringify({
      heights: HEIGHTS,
      members: MEMBERS,
      loadMs,
      rowsMax,
      longTasks: tasks.length,
      longestTaskMs,
    }),
  )
} finally {
  await browser.close()
  await server.close()
}
