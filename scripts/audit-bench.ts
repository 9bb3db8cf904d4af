/**
 * How long the audit of 1,000 heights takes: 7 members, 32 heights per checkpoint, every input on chain. An endpoint on this machine
 * answers from memory, so that what is measured is the auditor.
 *
 *   npm run bench:audit [-- --heights 1000 --runs 5]
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { chromium } from 'playwright-core'
import { pageFile } from '../src/adapters/esbuild/page-file.ts'
import { recoverSigner } from '../src/adapters/keys/keyring.ts'
import { anchorTask } from '../test/helpers/audit-chain.ts'
import { BrowserDesk } from '../test/helpers/browser-desk.ts'
import { findChromium } from '../test/helpers/chromium.ts'
import { askRpc, corsRpc } from '../test/helpers/cors-rpc.ts'
import type { Told } from '../test/helpers/cors-rpc.ts'
import { byDesk, byLibrary } from '../test/helpers/recordings/audits.ts'
import type { Asked } from '../test/helpers/recordings/audits.ts'
import { keyOf } from '../test/helpers/recordings/recording.ts'
import { rsdp } from '../test/helpers/rsdp.ts'

const MEMBERS = 7
const EPOCH_HEIGHTS = 32
/** On two idle cores. */
const AIMS_S = { node: 10, chromium: 20 }
const VIEWPORT = { width: 800, height: 600 }

const { values } = parseArgs({
  options: {
    heights: { type: 'string', default: '1000' },
    runs: { type: 'string', default: '5' },
  },
})
const [heights, runs] = [Number(values.heights), Number(values.runs)]
/** As much as a checkpoint of so many inputs has room for. */
const params = { inputCap: 128 }
const { net, taskId } = await anchorTask({
  ...{ members: MEMBERS, heights, epochHeights: EPOCH_HEIGHTS, params },
})
const answers = new Map<string, Told>()
let isOpen = true
const endpoint = await corsRpc(async (_, method, asked) => {
  const key = keyOf(method, asked)
  const told = answers.get(key) ?? (isOpen ? await askRpc(net.rpcUrl, method, asked) : null)
  if (told === null) throw new Error(`${method} was not asked before`)
  answers.set(key, told)
  return told
})
const folder = mkdtempSync(join(tmpdir(), 'rsdp-audit-bench-'))
process.env['XDG_STATE_HOME'] = folder
const task = { deployment: net.deployment, taskId: String(taskId), head: `0x` as const, answers: [] }
const asked: Asked = { task, file: net.deploymentFile, rpcUrl: endpoint.url, isComplete: false }
const command = ['audit', task.taskId, '--rpc-url', endpoint.url, '--deployment', asked.file, '--json']

/** Seconds of each run, sorted. */
async function timed(run: () => Promise<unknown>): Promise<number[]> {
  const seconds: number[] = []
  for (let i = 0; i < runs; i += 1) {
    const start = performance.now()
    await run()
    seconds.push((performance.now() - start) / 1_000)
  }
  return seconds.sort((a, b) => a - b)
}

function print(what: string, seconds: readonly number[], aimS: number): void {
  const median = seconds[Math.floor(seconds.length / 2)] ?? 0
  const standing = median <= aimS ? 'met' : 'missed'
  const range = `${seconds[0]?.toFixed(1)} … ${seconds.at(-1)?.toFixed(1)}`
  console.log(`${what.padEnd(44)} ${median.toFixed(1)} s (${range})   aim ${aimS} s: ${standing}`)
}

try {
  const expected = await byLibrary(asked, recoverSigner)
  // the page asks what the token is called, too
  if ((await byDesk(asked)) !== expected) throw new Error('the desk says something else')
  isOpen = false
  await net.chain.close()
  const { verdict, counts } = JSON.parse(expected) as { verdict: string; counts: Record<string, unknown> }
  const { heightsAttested, aggregatesRecomputed, checkpoints, checkpointSignatures } = counts
  console.log(
    JSON.stringify({
      ...{
        verdict,
        members: MEMBERS,
        heightsAttested,
        aggregatesRecomputed,
        checkpoints,
        checkpointSignatures,
      },
      ...{ runs, cores: availableParallelism(), cpu: cpus()[0]?.model, load: loadavg()[0] },
    }),
  )
  print('rsdp audit, with the start of its process', await timed(() => rsdp(...command)), AIMS_S.node)
  const { recoverSigner: pure } = await import('../src/audit/signatures.ts')
  print('rsdp/audit in Node', await timed(() => byLibrary(asked, recoverSigner)), AIMS_S.node)
  print('rsdp/audit in Node, JavaScript alone', await timed(() => byLibrary(asked, pure)), AIMS_S.node)
  const found = findChromium()
  if ('reason' in found) console.log(found.reason)
  else {
    const browser = await chromium.launch({
      executablePath: found.path,
      args: ['--no-sandbox', '--disable-gpu'],
    })
    const file = join(folder, 'page.html')
    writeFileSync(file, (await pageFile()).html)
    const page = await browser.newPage({ viewport: VIEWPORT })
    await page.goto(`file://${file}`)
    // a worker for each run: one that has audited before knows the signatures
    const seconds = await timed(async () => {
      const desk = await BrowserDesk.start(page)
      if ((await desk.audit(asked)) !== expected) throw new Error('Chromium says something else')
    })
    print('the worker of the page, in Chromium', seconds, AIMS_S.chromium)
    await browser.close()
  }
} finally {
  await endpoint.close()
  await net.close()
  rmSync(folder, { recursive: true, force: true })
}
