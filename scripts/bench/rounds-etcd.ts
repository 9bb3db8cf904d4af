import { startEtcdCluster } from './etcd.ts'
import { processorMs } from './processor.ts'
import type { RoundsRun, RoundsSystem } from './rounds.ts'

export interface EtcdOptions {
  readonly members: number
  readonly bytes: number
  readonly rounds: number
  readonly warmUp: number
}

const base64 = (text: string): string => Buffer.from(text).toString('base64')

/** A client for each member of an etcd: each puts a value and watches until those of all are there. */
export async function startEtcdRounds(options: EtcdOptions): Promise<RoundsSystem> {
  const cluster = await startEtcdCluster(options.members)
  const seen = Array.from({ length: options.members }, () => new Map<string, number>())
  let wake = (): void => undefined
  const ends = new AbortController()
  await Promise.all(
    cluster.urls.map((url, i) =>
      watch(url, ends.signal, (round) => {
        seen[i]?.set(round, (seen[i].get(round) ?? 0) + 1)
        wake()
      }),
    ),
  )
  let count = 0

  async function round(): Promise<void> {
    count += 1
    const name = String(count)
    const isOver = (): boolean => seen.every((known) => known.get(name) === options.members)
    const over = new Promise<void>((resolve) => {
      wake = () => {
        if (isOver()) resolve()
      }
    })
    await Promise.all(
      cluster.urls.map((url, i) =>
        cluster.put(url, `round/${name}/${String(i)}`, new Uint8Array(options.bytes).fill(count % 256)),
      ),
    )
    wake()
    await over
  }

  async function run(): Promise<RoundsRun> {
    for (let i = 0; i < options.warmUp; i += 1) await round()
    const fromMs = performance.now()
    const processorFromMs = processorMs(cluster.pids)
    const roundMs: number[] = []
    for (let i = 0; i < options.rounds; i += 1) {
      const beganMs = performance.now()
      await round()
      roundMs.push(performance.now() - beganMs)
    }
    const processor = processorMs(cluster.pids) - processorFromMs
    return {
      roundMs,
      perSecond: (options.rounds * 1_000) / (performance.now() - fromMs),
      processorMs: processor / (options.rounds * options.members),
    }
  }

  return {
    name: 'etcd',
    promise: `${String(options.members)} members that trust each other, ${String(options.bytes)} bytes from each, fsync at a majority, over its JSON gateway`,
    run,
    stop: async () => {
      ends.abort()
      await cluster.stop()
    },
  }
}

/** Calls with the number of the round of each value that an etcd tells of. Resolves once it has begun to. */
async function watch(url: string, signal: AbortSignal, told: (round: string) => void): Promise<void> {
  const range = { key: base64('round/'), range_end: base64('round0') }
  const answer = await fetch(`${url}/v3/watch`, {
    ...{ method: 'POST', signal },
    body: JSON.stringify({ create_request: range }),
  })
  if (!answer.ok || answer.body === null) throw new Error(`etcd answers ${String(answer.status)}`)
  const lines = linesOf(answer.body)
  await lines.next()
  void (async () => {
    for await (const line of lines) {
      const { result } = JSON.parse(line) as { result: { events?: readonly { kv: { key: string } }[] } }
      for (const { kv } of result.events ?? [])
        told(Buffer.from(kv.key, 'base64').toString().split('/')[1] ?? '')
    }
  })().catch(() => undefined) // ended by the signal
}

async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string, void> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true })
    const lines = text.split('\n')
    text = lines.pop() ?? ''
    yield* lines
  }
}
