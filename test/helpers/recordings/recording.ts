import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { brotliDecompressSync } from 'node:zlib'
import type { Deployment } from '../../../src/adapters/evm/deployment.ts'
import type { Digest } from '../../../src/types/ids.ts'
import type { Told } from '../cors-rpc.ts'

export type Exchange = readonly [method: string, params: readonly unknown[], told: Told]

/** A task, and what an honest endpoint answered to those who audited it. */
export interface RecordedTask {
  readonly deployment: Deployment
  readonly taskId: string
  /** Hash of the block that was the newest. */
  readonly head: Digest
  readonly answers: readonly Exchange[]
}

/** A task as an endpoint tells it, and what the audit found. */
export interface Recording {
  readonly seed: number
  /** What members did. */
  readonly members: string
  /** What the endpoint does. */
  readonly endpoint: string
  /** Audited with the proof that no log is left out. */
  readonly isComplete: boolean
  /** The verdict, or the code of the error that ended the audit. */
  readonly verdict: string
  /** Paths of the findings. */
  readonly findings: readonly string[]
}

/** Recordings, the tasks by seed, and of each recording the answers that are not the honest ones. */
export interface Recordings {
  readonly list: readonly Recording[]
  readonly tasks: Readonly<Record<number, RecordedTask>>
  readonly changes: readonly (readonly Exchange[])[]
}

const FOLDER = new URL('../../recordings/', import.meta.url)
/** What was recorded, for people, and by the bytes. */
export const LIST_FILE = fileURLToPath(new URL('list.json', FOLDER))
export const ANSWERS_FILE = fileURLToPath(new URL('answers.json.br', FOLDER))

export function readRecordings(): Recordings {
  const list = JSON.parse(readFileSync(LIST_FILE, 'utf8')) as Recording[]
  const answers = JSON.parse(brotliDecompressSync(readFileSync(ANSWERS_FILE)).toString('utf8')) as object
  return { list, ...(answers as Omit<Recordings, 'list'>) }
}

export const keyOf = (method: string, params: readonly unknown[]): string => JSON.stringify([method, params])

/** The endpoint of a recording: what nobody asked when it was made, it does not answer. */
export function tellerOf(
  { list, tasks, changes }: Recordings,
  index: number,
): (method: string, params: readonly unknown[]) => Promise<Told> {
  const { seed } = list[index]!
  const told = new Map(
    [...tasks[seed]!.answers, ...changes[index]!].map(([method, params, one]) => [
      keyOf(method, params),
      one,
    ]),
  )
  return (method, params) => {
    const answer = told.get(keyOf(method, params))
    if (answer !== undefined) return Promise.resolve(answer)
    const asked = `${method} was not asked when recording ${index} was made: npm run recordings makes it again`
    return Promise.reject(new Error(asked))
  }
}
