import { LiveBoard } from '../model/live-board.ts'
import type { BoardSnapshot } from '../model/live-board.ts'
import type { FeedEvent } from '../model/feed-event.ts'
import type { ReportJson } from '../model/verdicts.ts'
import { DeskClient, DeskError } from './desk-client.ts'
import type { Setup } from './setup.ts'
import { servedSetup } from './setup.ts'
import * as store from './store.ts'

/** What goes on by itself: the feed, the looks at the chain, the audits. */

/** Between two looks at the chain. */
const LOOK_MS = 2_500
/** After a checkpoint was mined nodes and endpoint agree on the block. */
const SOON_MS = 250
const FAULTS_SHOWN = 8

let desk: DeskClient | null = null
let timer: ReturnType<typeof setTimeout> | undefined
let isLooking = false
let isWanted = false

/** The worker's program lies in the page. */
function theDesk(): DeskClient {
  desk ??= new DeskClient(document.getElementById('audit-worker')?.textContent ?? '')
  return desk
}

export const askDesk: DeskClient['call'] = (call, ask) => theDesk().call(call, ask)

export async function start(): Promise<void> {
  setInterval(() => (store.nowMs.value = Date.now()), 1_000)
  const setup = await servedSetup(() => (store.stage.value = 'starting'))
  if (setup === null) store.stage.value = 'form'
  else await open(setup)
}

/** Opens a deployment; what is wrong with it is said where it was typed. */
export async function open(setup: Setup): Promise<void> {
  store.setup.value = setup
  store.stage.value = 'opening'
  if (setup.hasFeed) follow()
  try {
    store.opened.value = await askDesk('open', { rpcUrl: setup.rpcUrl, deployment: setup.deployment })
    store.stage.value = 'open'
    store.trouble.value = null
    look()
  } catch (error) {
    failed(error)
    if (!setup.hasFeed) {
      store.stage.value = 'form'
      return
    }
    store.stage.value = 'open'
    timer = setTimeout(() => void open({ ...setup, hasFeed: false }), LOOK_MS)
  }
}

/** Looks at the chain now, and again and again from then on; never twice at once. */
export function look(): void {
  isWanted = isLooking
  if (isLooking) return
  clearTimeout(timer)
  isLooking = true
  void lookOnce().finally(() => {
    isLooking = false
    if (isWanted) look()
    else soon(LOOK_MS)
  })
}

function soon(ms: number): void {
  clearTimeout(timer)
  timer = setTimeout(look, ms)
}

async function lookOnce(): Promise<void> {
  // nobody sees a hidden page, and endpoints count requests
  if (document.hidden && store.look.value !== null) return
  try {
    store.look.value = { ...(await askDesk('look', null)), atMs: Date.now() }
    const task = store.task.value
    if (task !== null && store.look.value.tasks >= Number(task)) await audit(task)
    store.trouble.value = null
  } catch (error) {
    failed(error)
  }
}

async function audit(task: string): Promise<void> {
  store.isAuditing.value = true
  const start = performance.now()
  try {
    const answer = await askDesk('audit', { task, vouched: null })
    const report = JSON.parse(answer.json) as ReportJson
    store.audited.value = { task, answer, report, atMs: Date.now(), tookMs: performance.now() - start }
  } finally {
    store.isAuditing.value = false
  }
}

function failed(error: unknown): void {
  const { message } = error as Error
  store.trouble.value =
    error instanceof DeskError
      ? { code: error.code, message, hint: error.hint }
      : { code: 'E_BUG', message, hint: 'this is a fault of the page: report it' }
}

/** Reads the feed. The browser connects again by itself; each connection begins with the whole board. */
function follow(): void {
  store.feedState.value = 'connecting'
  const source = new EventSource('feed')
  let version = 0
  let isDrawn = true
  const draw = (): void => {
    if (!isDrawn) return
    isDrawn = false
    // many events, one picture
    requestAnimationFrame(() => {
      isDrawn = true
      version += 1
      const live = store.board.peek()?.live
      if (live !== undefined) store.board.value = { live, version }
    })
  }
  source.addEventListener('snapshot', ({ data }: MessageEvent<string>) => {
    store.feedState.value = 'live'
    store.board.value = { live: LiveBoard.from(JSON.parse(data) as BoardSnapshot), version: (version += 1) }
  })
  source.addEventListener('events', ({ data }: MessageEvent<string>) => {
    for (const event of JSON.parse(data) as readonly FeedEvent[]) take(event)
    draw()
  })
  source.addEventListener('error', () => (store.feedState.value = 'lost'))
}

function take(event: FeedEvent): void {
  store.board.peek()?.live.apply(event)
  if (event.type === 'fault') {
    const { node, fault, height } = event
    store.faults.value = [{ node, fault, height }, ...store.faults.value].slice(0, FAULTS_SHOWN)
  }
  if ((event.type === 'anchored' || event.type === 'convicted') && store.stage.value === 'open') soon(SOON_MS)
}
