import { appendFileSync, mkdirSync } from 'node:fs'
import { dirname, extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Header, Line } from '../../lab/results.ts'
import type { Scenario } from '../../lab/scenario.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import { codeHash, commitOf } from './code.ts'
import { readResults, writeSorted } from './files.ts'
import type { Loaded } from './files.ts'
import type { Job, Run } from './worker.ts'

export interface Campaign {
  readonly loaded: Loaded
  readonly file: string
  readonly first: number
  readonly last: number
  readonly workers: number
  /** A file of requests; absent: the recorded ones. */
  readonly trace?: string | undefined
  readonly signal: AbortSignal
  readonly say: (line: string) => void
}

export interface Played {
  readonly runs: number
  readonly kept: number
  readonly seconds: number
}

const PROGRESS_MS = 5000

/**
 * Plays what a result file lacks of the seeds first … last, and adds each run to it as soon as it is there. When all are
 * there the file is sorted: ranges of seeds that are played one after the other, in any order, give the same bytes.
 *
 * Throws RsdpError E_LAB_OTHER if the file is of another scenario or of other code.
 */
export async function runCampaign({
  loaded,
  file,
  first,
  last,
  workers,
  trace,
  signal,
  say,
}: Campaign): Promise<Played> {
  const { scenario, cells, hash } = loaded
  const before = readResults(file)
  const header: Header = before?.header ?? {
    schema: 1,
    scenario: scenario.name,
    hash,
    code: codeHash(scenario.model),
    commit: commitOf(),
    driver: 'sim',
  }
  refuseOther(header, hash, scenario.model, file)
  const lines: Line[] = [...(before?.lines ?? [])]
  const have = new Set(lines.map(({ cell, seed }) => `${cell} ${seed}`))
  const runs = cells
    .flatMap(({ name }, cell) =>
      Array.from({ length: last - first + 1 }, (_, i) => ({ name, cell, seed: first + i })),
    )
    .filter(({ name, seed }) => !have.has(`${name} ${seed}`))
  mkdirSync(dirname(file), { recursive: true })
  // a torn line of an earlier life would swallow the next one
  writeSorted(
    file,
    { header, lines },
    cells.map(({ name }) => name),
  )
  const started = performance.now()
  let toldMs = started
  const take = (line: Line): void => {
    lines.push(line)
    appendFileSync(file, `${JSON.stringify(line)}\n`)
    const nowMs = performance.now()
    if (nowMs - toldMs < PROGRESS_MS) return
    toldMs = nowMs
    const done = lines.length - have.size
    const leftS = ((nowMs - started) / 1000 / done) * (runs.length - done)
    say(`${scenario.name}: ${done} of ${runs.length} runs, about ${Math.ceil(leftS)} s left`)
  }
  const job: Job = { cells, measures: scenario.measures, trace }
  const queue = runs.values()
  await Promise.all(
    Array.from({ length: Math.min(workers, runs.length) }, () => work(job, queue, take, signal)),
  )
  writeSorted(
    file,
    { header, lines },
    cells.map(({ name }) => name),
  )
  return { runs: lines.length - have.size, kept: have.size, seconds: (performance.now() - started) / 1000 }
}

function refuseOther(header: Header, hash: string, model: Scenario['model'], file: string): void {
  const isSame = header.hash === hash && header.code === codeHash(model)
  if (isSame) return
  const what = header.hash === hash ? 'other code' : 'another scenario'
  throw new RsdpError({
    code: 'E_LAB_OTHER',
    message: `${file} holds results of ${what}`,
    hint: 'remove the file to begin anew, or name another with --out',
    exit: EXIT.precondition,
  })
}

/** One thread: the next run as soon as the last is done, until none is left or the command is interrupted. */
function work(
  job: Job,
  queue: Iterator<Run, undefined>,
  take: (line: Line) => void,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(`./worker${extname(import.meta.url)}`, import.meta.url), {
      workerData: job,
    })
    const stop = (): void => void worker.terminate()
    const next = (): void => {
      const run = queue.next()
      if (run.done === true || signal.aborted) stop()
      else worker.postMessage({ cell: run.value.cell, seed: run.value.seed } satisfies Run)
    }
    signal.addEventListener('abort', stop, { once: true })
    worker.on('message', (line: Line) => {
      take(line)
      next()
    })
    worker.on('error', reject)
    worker.on('exit', () => resolve())
    next()
  })
}
