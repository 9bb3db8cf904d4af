import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Browser, Page } from 'playwright-core'
import { chromium } from 'playwright-core'
import { pageFile } from '../../src/adapters/esbuild/page-file.ts'
import { writeDeployment } from '../../src/adapters/evm/deployment.ts'
import { EvmHistory } from '../../src/adapters/evm/history.ts'
import { requestOver } from '../../src/adapters/evm/history-rpc.ts'
import { HTTP_LIMITS, HttpRpc } from '../../src/adapters/evm/http-rpc.ts'
import { nodePost } from '../../src/adapters/evm/node-post.ts'
import { parseRpcUrl } from '../../src/adapters/evm/rpc-url.ts'
import { recoverSigner } from '../../src/adapters/keys/keyring.ts'
import { engineFile } from '../../src/adapters/sandbox/load-engine.ts'
import { runAudit } from '../../src/audit/run.ts'
import { Feed } from '../../src/cli/ui/feed.ts'
import type { PageServer } from '../../src/cli/ui/page-server.ts'
import { startPageServer } from '../../src/cli/ui/page-server.ts'
import { LiveBoard } from '../../src/dashboard/model/live-board.ts'
import { EXIT } from '../../src/types/exit-codes.ts'
import { anchorTask } from '../helpers/audit-chain.ts'
import type { AuditedNetwork } from '../helpers/audit-chain.ts'
import { browserRpc, honest } from '../helpers/browser-rpc.ts'
import { browserBundle } from '../helpers/browser-bundle.ts'
import { committedModels } from '../helpers/committed-models.ts'
import { digestOfRange } from '../helpers/score-windows.ts'
import type { BrowserRpc } from '../helpers/browser-rpc.ts'
import { askWorker } from '../helpers/browser-worker.ts'
import { BrowserDesk } from '../helpers/browser-desk.ts'
import { bringChromium } from '../helpers/chromium.ts'
import { rsdpHere } from '../helpers/cli.ts'
import { corsRpc } from '../helpers/cors-rpc.ts'
import type { DevNetwork } from '../helpers/dev-network.ts'
import { startDevNetwork } from '../helpers/dev-network.ts'
import type { Flip } from '../helpers/flip-proxy.ts'
import { argumentFlips, Recorder, restFlips, viewFlips } from '../helpers/flip-proxy.ts'
import type { Outcomes } from '../helpers/hostile-bundles.ts'
import { byLibrary } from '../helpers/recordings/audits.ts'
import { readRecordings, tellerOf } from '../helpers/recordings/recording.ts'
import { skip } from '../helpers/skip.ts'
import { readVectors } from '../helpers/vectors.ts'

/** Most rows of heights in the document. */
const ROWS_MAX = 200
const NARROW = { width: 360, height: 740 }
/** A tampered history of each source; the field as the audit names it. */
const TAMPERED: readonly (readonly [source: Flip['source'], field: RegExp])[] = [
  ['event', /^Checkpointed\.batch\.stateHash/],
  ['event', /^Convicted\.percent$/],
  ['calldata', /^checkpoint\(\)\.signatures\[/],
  ['view', /^task\(\)\.escrow$/],
  ['code', /^snapshot\.code\.members\[\d+\]\.weight$/],
]

describe('dashboard in Chromium', function () {
  this.timeout(300_000)
  const folder = mkdtempSync(join(tmpdir(), 'rsdp-dashboard-'))
  /** What pages complained about, and whom they asked. */
  const wrong: string[] = []
  let browser: Browser

  before(async function () {
    const brought = bringChromium()
    if ('reason' in brought) skip(this, brought.reason)
    browser = await chromium.launch({ executablePath: brought.path, args: ['--no-sandbox', '--disable-gpu'] })
  })
  after(async () => {
    await (browser as Browser | undefined)?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  afterEach(() => expect(wrong.splice(0)).deep.equal([]))

  /** A page that must neither complain nor ask anybody else. */
  async function openPage(
    url: string,
    allowed: readonly string[],
    viewport = { width: 1280, height: 900 },
  ): Promise<Page> {
    const page = await browser.newPage({ viewport })
    const origins = new Set([new URL(url).origin, ...allowed.map((one) => new URL(one).origin)])
    page.on('pageerror', ({ message }) => wrong.push(message))
    page.on('console', (said) => {
      if (said.type() === 'error') wrong.push(said.text())
    })
    page.on('request', (request) => {
      const { protocol, origin } = new URL(request.url())
      if (!['blob:', 'data:'].includes(protocol) && !origins.has(origin)) wrong.push(`asks ${request.url()}`)
    })
    await page.goto(url)
    return page
  }

  /** The verdict as the page saves it. */
  async function saved(page: Page): Promise<string> {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Save the verdict as JSON' }).click(),
    ])
    const file = join(folder, download.suggestedFilename())
    await download.saveAs(file)
    return readFileSync(file, 'utf8')
  }

  describe('and, beside it, the sandbox', () => {
    it('hostile reducers in a worker: verdict, state and fuel of the vectors', async () => {
      const script = await browserBundle('test/helpers/browser-outcomes.ts')
      const found = await askWorker(browser, script, readFileSync(engineFile()))
      const { engine, outcomes } = readVectors('sandbox') as Outcomes
      expect(found).deep.equal({ engine, outcomes })
    })

    it('scores of models, over 2,000 windows, are those of Node', async () => {
      const page = await browser.newPage()
      await page.addScriptTag({ content: await browserBundle('test/helpers/browser-scores.ts') })
      const models = committedModels()
      const found = await page.evaluate<string>(`digestOfRange(0, 2000, ${JSON.stringify(models)})`)
      await page.close()
      expect(found).equal(digestOfRange(0, 2_000, models))
    })
  })

  describe('over any endpoint', () => {
    let audited: AuditedNetwork
    let recorder: Recorder
    let rpc: BrowserRpc
    let server: PageServer
    let deployment: string
    const board = new LiveBoard()

    before(async () => {
      audited = await anchorTask()
      const { net, taskId } = audited
      const request = requestOver(new HttpRpc(parseRpcUrl(net.rpcUrl), HTTP_LIMITS, nodePost))
      recorder = new Recorder(request)
      const { head } = await runAudit(new EvmHistory(recorder.request, net.deployment), taskId)
      recorder.seal()
      rpc = await browserRpc(net.rpcUrl, head)
      deployment = join(folder, 'deployment.json')
      await writeDeployment(deployment, net.deployment)
      const setup = { rpcUrl: rpc.url, deployment: net.deployment, nodes: [] }
      const { html } = await pageFile()
      server = await startPageServer({ port: 0, html, setup: () => setup, feed: new Feed(board) })
    })
    after(async () => {
      await server.close()
      await rpc.close()
      await audited.net.close()
    })

    /** The same audit on the command line: its exit code, and the bytes of its data. */
    async function audit(): Promise<{ code: number | null; stdout: string }> {
      const where = ['--rpc-url', rpc.url, '--deployment', deployment, '--json']
      return rsdpHere('audit', String(audited.taskId), ...where)
    }

    it('an honest history is verified, by the bytes of rsdp audit --json', async () => {
      const page = await openPage(server.url, [rpc.url])
      await page.locator('.tile .badge.verified').waitFor()
      expect(await page.locator('tr[data-checkpoint]').count()).above(1)
      expect(await page.locator('tr[data-checkpoint]:not(.verified)').count()).equal(0)
      expect(await page.locator('[data-slash]').count()).equal(3)
      expect(await page.locator('[data-slash] .badge.mismatch').count()).equal(0)
      const { code, stdout } = await audit()
      expect(code).equal(EXIT.ok)
      expect(stdout).include(`"data":${await saved(page)}`)
      await page.close()
    })

    it('a byte that an endpoint flips turns its place red, by the same bytes', async () => {
      const { deployment: expected } = audited.net
      const flips = [
        ...argumentFlips(recorder, expected),
        ...viewFlips(recorder, expected),
        ...restFlips(recorder, expected),
      ]
      for (const [source, field] of TAMPERED) {
        const flip = flips.find((one) => one.source === source && field.test(one.field))
        if (flip === undefined) throw new Error(`no ${source} has a field ${String(field)}`)
        rpc.spoil = (method, params, result) => flip.apply(method, params, result)
        const page = await openPage(server.url, [rpc.url])
        await page.locator('.tile .badge.mismatch').waitFor()
        const named = await page.locator('#findings .mismatch code').allTextContents()
        // where it is stands in brackets
        const plain = named.map((one) => one.replace(/^✖ /, '').replace(/\[[^\]]* [^\]]*\]/, ''))
        expect(plain, flip.field).include(flip.field)
        const isCheckpoint = /^(Checkpointed\.|checkpoint\(\))/.test(flip.field)
        expect(await page.locator('tr[data-checkpoint].mismatch .field').count(), flip.field).equal(
          isCheckpoint ? 1 : 0,
        )
        const { code, stdout } = await audit()
        expect(code, flip.field).equal(EXIT.mismatch)
        expect(stdout.includes(`"data":${await saved(page)}`), flip.field).equal(true)
        await page.close()
      }
      rpc.spoil = honest
    })

    it('the file alone does it, too: an endpoint and a deployment file are enough', async () => {
      const file = join(folder, 'page.html')
      expect((await rsdpHere('page', '--out', file)).code).equal(EXIT.ok)
      const page = await openPage(`file://${file}`, [rpc.url])
      await page.getByLabel('RPC endpoint').fill(rpc.url)
      await page.getByLabel('or its text').fill('{}')
      await page.getByRole('button', { name: 'Open' }).click()
      await page.getByRole('alert').getByText('E_DEPLOYMENT_FILE').waitFor()
      await page.getByLabel('Deployment file').setInputFiles(deployment)
      await page.getByRole('button', { name: 'Open' }).click()
      await page.locator('.tile .badge.verified').waitFor()
      await page.close()
    })

    it('50 recorded tasks, honest and tampered: the bytes that the library says in Node', async () => {
      const recordings = readRecordings()
      const { list, tasks } = recordings
      const tellers = list.map((_, index) => tellerOf(recordings, index))
      const recorded = await corsRpc((path, method, params) =>
        tellers[Number(path.slice(1))]!(method, params),
      )
      const file = join(folder, 'any.html')
      writeFileSync(file, (await pageFile()).html)
      const page = await openPage(`file://${file}`, [recorded.url])
      const desk = await BrowserDesk.start(page)
      for (const [index, { seed, endpoint, isComplete }] of list.entries()) {
        const asked = { task: tasks[seed]!, file: '', rpcUrl: `${recorded.url}/${index}`, isComplete }
        // native code recovers signers here, JavaScript there
        const [there, here] = await Promise.all([desk.audit(asked), byLibrary(asked, recoverSigner)])
        expect(there, `${seed}: ${endpoint}`).equal(here)
      }
      await page.close()
      await recorded.close()
    })

    it('10,000 heights of 31 members are a document of few rows, by wheel and by key', async () => {
      const nodes = Array.from({ length: 31 }, (_, seat) => `node${seat}`)
      for (const [seat, node] of nodes.entries())
        board.apply({ type: 'running', node, task: '77', seat, members: 31 })
      for (let height = 1; height <= 10_000; height += 1)
        for (const node of nodes.slice(height % 3))
          board.apply({
            ...{ type: 'decided', node, task: '77', height, round: 0 },
            value: `0x${height}`,
            inputs: 31,
            atMs: 1,
          })
      const page = await openPage(`${server.url}/#task=77`, [rpc.url])
      const rows = page.locator('[data-row]')
      await page.locator('[data-row="10000"]').waitFor()
      const list = page.getByRole('listbox', { name: /Heights/ })
      await list.focus()
      for (const [key, row] of [
        ['End', 1],
        ['PageUp', 11],
        ['Home', 10_000],
        ['ArrowDown', 9_999],
      ] as const) {
        await page.keyboard.press(key)
        await page.locator(`[data-row="${row}"][aria-selected="true"]`).waitFor()
        expect(await rows.count()).at.most(ROWS_MAX)
      }
      await list.hover()
      await page.mouse.wheel(0, 190_000)
      await page.locator('[data-row="5000"]').waitFor()
      expect(await rows.count()).within(5, ROWS_MAX)
      expect(await page.locator('.list *').count()).at.most(10 * ROWS_MAX)
      await page.close()
    })
  })

  describe('of a network that runs', () => {
    let network: DevNetwork
    let page: Page

    before(async () => {
      network = await startDevNetwork('--nodes', '5', '--block-ms', '250', '--fault', 'equivocate-share:3-4')
      page = await openPage(network.dashboard, [network.rpcUrl])
    })
    after(async () => {
      await (network as DevNetwork | undefined)?.close()
    })

    it('says what to type while there is no task', async () => {
      await page.getByRole('heading', { name: 'No task yet' }).waitFor()
    })

    it('shows heights, a verified checkpoint, the state behind it, and the slash of the liar', async () => {
      const where = ['--rpc-url', network.rpcUrl, '--deployment', network.deployment]
      const size = ['--nodes', '5', '--heights', '8', '--epoch', '4', '--factor', '20']
      const { code, stderr } = await rsdpHere('task', 'publish', ...size, ...where, '--yes')
      expect(code, stderr).equal(EXIT.ok)
      const patient = { timeout: 120_000 }
      await page.locator('[data-row="1"]').waitFor(patient)
      await page.locator('tr[data-checkpoint="1-4"].verified').waitFor(patient)
      await page.locator('[data-slash] .badge.verified').waitFor(patient)
      const slash = page.locator('[data-slash]').first()
      expect(await slash.getByRole('heading').textContent()).include('equivocation')
      expect(await slash.locator('tr.differ').count()).above(1)
      expect(await slash.getByRole('columnheader').allTextContents()).deep.equal([
        'Signed field',
        'First object',
        'Second object',
      ])
      await page.locator('[data-row="2"]').click()
      await page.locator('#detail').getByText('hash is the anchored one').waitFor(patient)
      expect(await page.locator('#detail').getByRole('columnheader').allTextContents()).deep.equal([
        'member',
        'demand',
        'share',
      ])
      await page.locator('tr[data-checkpoint="5-8"].verified').waitFor(patient)
      expect(await page.locator('[data-row] .badge.reported').count()).equal(0)
    })

    it('plays heights again, with the times of every member, and stops at the last', async () => {
      const replay = page.locator('#replay')
      const slider = replay.getByRole('slider', { name: 'Height to replay' })
      await slider.focus()
      await page.keyboard.press('Home')
      await replay.getByText('height 1 of 8').waitFor()
      expect(await replay.locator('tbody tr').count()).equal(5)
      expect(await replay.locator('.lane .debate').count()).at.least(3)
      expect(await replay.locator('tbody tr').allInnerTexts()).satisfy((lines: string[]) =>
        lines.some((line) => /decided after \d+ ms/.test(line)),
      )
      await replay.getByRole('button', { name: 'Play' }).click()
      await replay.getByRole('button', { name: 'Pause' }).waitFor()
      await replay.getByText('height 8 of 8').waitFor()
      await replay.getByRole('button', { name: 'Play' }).waitFor()
      expect(await page.locator('[data-row="8"][aria-selected="true"]').count()).equal(1)
    })

    it('lists the log on chain, by event and by words, and says all of one', async () => {
      const log = page.locator('#log')
      const rows = log.locator('[data-event]')
      const all = await rows.count()
      await log.getByRole('combobox', { name: 'Event' }).selectOption('Convicted')
      await log.locator('[data-event]:not([data-event="Convicted"])').first().waitFor({ state: 'detached' })
      expect(await rows.count()).within(1, all - 1)
      await log.getByRole('listbox', { name: /Events/ }).focus()
      await page.keyboard.press('End')
      await log.locator('dl').getByText('Slasher').waitFor()
      await log.getByRole('searchbox').fill('nothing has this')
      await log.getByText('No event has all of that.').waitFor()
      await log.getByRole('searchbox').fill('')
      await log.getByRole('combobox', { name: 'Event' }).selectOption('')
      expect(await rows.count()).equal(all)
    })

    it('proves that no log is left out, and says before how much that is; another hash is refused', async () => {
      const complete = page.locator('#complete')
      const input = complete.getByRole('textbox')
      const ask = complete.getByRole('button', { name: 'How much is it?' })
      await input.fill('http://127.0.0.1:1')
      await ask.click()
      await complete.getByText('give the hash of a head').waitFor()
      const head = await fetch(network.rpcUrl, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          jsonrpc: '2.0',
          id: 1,
          method: 'eth_getBlockByNumber',
          params: ['latest', false],
        }),
      })
      const { result } = (await head.json()) as { result: { hash: string } }
      for (const [hash, said] of [
        [result.hash.replace(/.$/, (last) => (last === '0' ? '1' : '0')), /the endpoint has no block/],
        [result.hash, /\d+ logs proved by the receipts of \d+ blocks and \d+ headers/],
      ] as const) {
        await input.fill(hash)
        await ask.click()
        await complete.getByText(/\d+ headers in batches of 100, about \d+ kB/).waitFor()
        await complete.getByRole('button', { name: 'Prove it' }).click()
        await complete.getByText(said).waitFor({ timeout: 120_000 })
      }
      expect(await complete.locator('.badge.verified').count()).equal(1)
    })

    it('is the page that the deployment file pins; another byte is another page', async () => {
      const pinned = ['--deployment', network.deployment, '--json']
      const right = await rsdpHere('verify-page', `${network.dashboard}/`, ...pinned)
      expect([right.code, JSON.parse(right.stdout)]).deep.include(EXIT.ok)
      expect((JSON.parse(right.stdout) as { data: unknown }).data).include({
        verified: true,
        against: 'deployment',
      })
      const { html } = await pageFile()
      const file = join(folder, 'other.html')
      writeFileSync(file, html.replace('RSDP dashboard', 'RSDP dashboarb'))
      expect((await rsdpHere('verify-page', file, ...pinned)).code).equal(EXIT.mismatch)
      expect((await rsdpHere('verify-page', 'http://127.0.0.1:1/', ...pinned)).code).equal(EXIT.unreachable)
    })

    it('keys alone reach everything, and everything that they reach has a name', async () => {
      const wanted = await page.locator('a[href], button, select, input, [tabindex="0"]').count()
      const reached = new Set<string>()
      await page.evaluate('document.activeElement.blur(); window.scrollTo(0, 0)')
      for (let press = 0; press < 2 * wanted; press += 1) {
        await page.keyboard.press('Tab')
        const name = await page.evaluate<string>(`(() => {
          const { activeElement: at } = document
          if (at === document.body) return ''
          const label = at.getAttribute('aria-label') ?? at.closest('label')?.textContent ?? at.textContent
          return at.tagName + ': ' + label.trim()
        })()`)
        if (name !== '') reached.add(name)
      }
      expect([...reached].filter((name) => /: *$/.test(name))).deep.equal([])
      expect([...reached]).length(wanted)
    })

    it('whoever has the link may kill a node, start it again, and make a liar of it, who is convicted', async () => {
      expect(await page.locator('#drills').count()).equal(0)
      const own = await openPage(network.drills, [network.rpcUrl])
      expect(own.url()).not.match(/drills=/)
      const node = own.locator('[data-drill="bob"]')
      await own.getByRole('button', { name: 'Kill: bob' }).click()
      await own.locator('[data-drill="bob"][data-state="killed"]').waitFor()
      await own.getByRole('button', { name: 'Start: bob' }).click()
      await own.locator('[data-drill="bob"][data-state="runs"]').waitFor()
      // the link has lost the token, the tab has it
      await own.reload()
      await own.getByRole('button', { name: 'Lie: bob' }).click()
      await node.getByText('equivocate-share:10-12').waitFor()
      // four are left: the first liar may not sign up any more
      const size = ['--nodes', '4', '--heights', '16', '--epoch', '4', '--factor', '20']
      const where = ['--rpc-url', network.rpcUrl, '--deployment', network.deployment]
      const { code, stderr } = await rsdpHere('task', 'publish', ...size, ...where, '--yes')
      expect(code, stderr).equal(EXIT.ok)
      await own.locator('[data-row="12"]').waitFor({ timeout: 120_000 })
      await own.locator('[data-slash] .badge.verified').waitFor({ timeout: 120_000 })
      expect(await own.locator('[data-slash]').first().textContent()).include('bob')
      await own.close()
    })

    it('on a narrow screen nothing is beside it', async () => {
      const narrow = await openPage(`${network.dashboard}/#task=1`, [network.rpcUrl], NARROW)
      await narrow.locator('tr[data-checkpoint="1-4"].verified').waitFor()
      await narrow.locator('[data-row="2"]').click()
      await narrow.locator('#detail').getByText('hash is the anchored one').waitFor()
      expect(await narrow.evaluate('document.documentElement.scrollWidth')).equal(NARROW.width)
      await narrow.close()
    })
  })
})
