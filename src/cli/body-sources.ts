import { existsSync } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { ROUTES } from '../api/routes.ts'
import type { Route } from '../api/routes.ts'
import { writeWholeFile } from '../adapters/system/write-file.ts'
import type { BodySource, HeightBodies, WantedBodies } from '../ports/body-source.ts'
import { fromHex } from '../codec/hex.ts'
import { STATE_BYTES_MAX } from '../reducers/run.ts'
import { PROFILE } from '../sandbox/profile.ts'
import { RsdpError } from '../types/errors.ts'
import { EXIT } from '../types/exit-codes.ts'
import type { Digest, Hex } from '../types/ids.ts'
import { MEMBERS_MAX } from '../types/ids.ts'
import { readControl } from './control/file.ts'
import { toJson } from './output.ts'

/** How long a member may take for one height. */
const MEMBER_MS_MAX = 10_000
/** An input of every member, and the state, in hex, with what frames them. */
const ANSWER_BYTES_MAX = 2 * (MEMBERS_MAX * (STATE_BYTES_MAX + 11) + STATE_BYTES_MAX) + 1_024
/** A bundle in hex, with what frames it. */
const BUNDLE_ANSWER_BYTES_MAX = 2 * PROFILE.bundleBytesMax + 1_024
/** Sources that fail so often in a row are not asked again. */
const FAILURES_MAX = 2

const hex = z.string().regex(/^0x([0-9a-f]{2})*$/)
const schema = z.object({ inputs: hex, state: hex })
const bundleSchema = z.object({ bundle: hex })

/**
 * The source that `--bodies` names: the URL of a node's API, the data directory of a node that runs here, or a folder that
 * `--keep-bodies` has filled.
 */
export function bodySource(place: string): BodySource {
  if (/^https?:\/\//.test(place)) return memberSource(place, place)
  const control = readControl(place)
  return control === null ? folderSource(place) : memberSource(place, `http://127.0.0.1:${control.port}`)
}

/** Bodies of every height from every source: an audit picks what hashes right. Says which sources failed. */
export async function gatherBodies(
  wanted: readonly WantedBodies[],
  sources: readonly BodySource[],
  say: (line: string) => void,
): Promise<ReadonlyMap<number, readonly HeightBodies[]>> {
  const byHeight = new Map<number, HeightBodies[]>(wanted.map(({ height }) => [height, []]))
  for (const source of sources) {
    let failures = 0
    for (const one of wanted) {
      try {
        const bodies = await source.get(one)
        failures = 0
        if (bodies !== null) byHeight.get(one.height)?.push(bodies)
      } catch (error) {
        if (!(error instanceof RsdpError)) throw error
        say(`▲ ${error.message}`)
        failures += 1
        if (failures >= FAILURES_MAX) break
      }
    }
  }
  return byHeight
}

/** Keeps bodies where `--bodies` finds them again, each under the root of its inputs. */
export async function keepBodies(
  dir: string,
  wanted: readonly WantedBodies[],
  byHeight: ReadonlyMap<number, HeightBodies>,
): Promise<number> {
  await mkdir(dir, { recursive: true })
  let kept = 0
  for (const { height, inputsRoot } of wanted) {
    const bodies = byHeight.get(height)
    if (bodies === undefined) continue
    writeWholeFile(join(dir, `${inputsRoot}.json`), `${toJson(bodies)}\n`, { mode: 0o644, replace: true })
    kept += 1
  }
  return kept
}

/** Keeps a bundle there, under its id. */
export async function keepBundle(dir: string, id: Digest, bytes: Uint8Array): Promise<void> {
  await mkdir(dir, { recursive: true })
  writeWholeFile(join(dir, `${id}.js`), bytes, { mode: 0o644, replace: true })
}

function folderSource(dir: string): BodySource {
  if (!existsSync(dir)) throw failed(dir, 'there is no such folder, and no node runs on it')
  return {
    name: dir,
    async get({ inputsRoot }) {
      const file = join(dir, `${inputsRoot}.json`)
      return existsSync(file) ? read(dir, await readFile(file, 'utf8')) : null
    },
    async bundle(_, id) {
      const file = join(dir, `${id}.js`)
      return existsSync(file) ? new Uint8Array(await readFile(file)) : null
    },
  }
}

function memberSource(name: string, url: string): BodySource {
  const ask = async (
    route: Route,
    taskId: bigint,
    query: string,
    bytesMax: number,
  ): Promise<string | null> => {
    const path = route.path.replace('{task}', String(taskId))
    try {
      const init = { redirect: 'manual', signal: AbortSignal.timeout(MEMBER_MS_MAX) } as const
      return await textOf(await fetch(`${url.replace(/\/+$/, '')}${path}${query}`, init), name, bytesMax)
    } catch (cause) {
      if (cause instanceof RsdpError) throw cause
      throw failed(name, 'it cannot be reached')
    }
  }
  return {
    name,
    async get({ taskId, height }) {
      const text = await ask(ROUTES.bodies, taskId, `?height=${height}`, ANSWER_BYTES_MAX)
      return text === null ? null : read(name, text)
    },
    async bundle(taskId) {
      const text = await ask(ROUTES.bundle, taskId, '', BUNDLE_ANSWER_BYTES_MAX)
      return text === null ? null : readBundle(name, text)
    },
  }
}

/** Null: it has none. */
async function textOf(response: Response, name: string, bytesMax: number): Promise<string | null> {
  if (response.status === 404) return null
  if (response.status !== 200 || response.body === null) throw failed(name, `status ${response.status}`)
  const decoder = new TextDecoder()
  let [text, length] = ['', 0]
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    length += chunk.length
    if (length > bytesMax) throw failed(name, `its answer has more than ${bytesMax} bytes`)
    text += decoder.decode(chunk, { stream: true })
  }
  return text
}

function read(name: string, text: string): HeightBodies {
  try {
    const { inputs, state } = schema.parse(JSON.parse(text))
    return { inputs: inputs as Hex, state: state as Hex }
  } catch {
    throw failed(name, 'what it has are no bodies of a height')
  }
}

function readBundle(name: string, text: string): Uint8Array {
  try {
    return fromHex(bundleSchema.parse(JSON.parse(text)).bundle as Hex)
  } catch {
    throw failed(name, 'what it has is no bundle')
  }
}

function failed(name: string, why: string): RsdpError {
  return new RsdpError({
    code: 'E_BODIES',
    message: `${name} gives no bodies: ${why}`,
    hint: '--bodies names a node’s data directory, the URL of its API, or a folder of --keep-bodies',
    exit: EXIT.precondition,
    details: { name },
  })
}
