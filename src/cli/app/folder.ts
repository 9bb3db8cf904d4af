import { cpSync, existsSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { z } from 'zod'
import { buildBundle, buildModule } from '../../adapters/esbuild/build-bundle.ts'
import { loadEngine } from '../../adapters/sandbox/load-engine.ts'
import type { CompiledTwin } from '../../adapters/solc/compile-twin.ts'
import { writeWholeFile } from '../../adapters/system/write-file.ts'
import { toHex } from '../../codec/hex.ts'
import type { Application } from '../../compose/create-node.ts'
import type { AnyReducer } from '../../reducers/catalog.ts'
import { Bundle } from '../../sandbox/bundle.ts'
import { bundleId } from '../../sandbox/sandbox.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { Digest, Hex } from '../../types/ids.ts'
import type { Described } from './named-fields.ts'

const hex = z.string().regex(/^0x([0-9a-f]{2})*$/) as unknown as z.ZodType<Hex>
/** The twin's source, in the folder of an application that has one. */
const TWIN = 'Twin.sol'
const digest = z.string().regex(/^0x[0-9a-f]{64}$/) as unknown as z.ZodType<Digest>

/** What `build` writes beside the code: what others need to know of an application without running it. */
const schema = z.strictObject({
  schema: z.literal(1),
  id: digest,
  name: z.string(),
  usesPrevious: z.boolean(),
  /** The author's example. */
  params: hex,
  inputs: z.array(hex),
  /** Code of its Solidity twin, if it has one. */
  twin: z.strictObject({ creation: hex, runtime: hex }).nullable().default(null),
})

export interface App extends z.infer<typeof schema> {
  readonly bundle: Uint8Array
}

/**
 * Compiles `reducer.ts` and `source.ts` of a folder into its `build`. What does not build leaves an earlier build as it was.
 *
 * @throws RsdpError E_APP_BUILD, E_APP, E_TWIN, E_NO_SOLC
 */
export async function buildApp(folder: string): Promise<App> {
  const dir = resolve(folder)
  const compile = (work: Promise<Uint8Array>): Promise<Uint8Array> =>
    work.catch((cause: unknown) => {
      throw notBuilt(dir, cause instanceof Error ? cause.message : String(cause))
    })
  const bundle = await compile(buildBundle(join(dir, 'reducer.ts')))
  const opened = Bundle.open(loadEngine(), bundle)
  if (!opened.ok) throw notBuilt(dir, `the sandbox comes to ${opened.code}: ${opened.detail}`)
  const reducer = await compile(buildModule(join(dir, 'reducer.ts')))
  const source = await compile(buildModule(join(dir, 'source.ts')))
  const { id, name, usesPrevious } = opened.bundle
  const example = await exampleOf(dir, reducer)
  const twinFile = join(dir, TWIN)
  const twin = existsSync(twinFile) ? await twinOf(twinFile) : null
  const facts = { schema: 1, id, name, usesPrevious, ...example, twin } as const
  replaceFolder(
    join(dir, 'build'),
    new Map<string, string | Uint8Array>([
      ['bundle.js', bundle],
      ['reducer.mjs', reducer],
      ['source.mjs', source],
      ['app.json', `${JSON.stringify(facts, null, 2)}\n`],
    ]),
  )
  return { ...facts, bundle }
}

/**
 * All these files of a folder at once: what cannot be written leaves the earlier one as it was. What else is there stays: on which
 * chains its twin was published.
 */
function replaceFolder(path: string, files: ReadonlyMap<string, string | Uint8Array>): void {
  const draft = mkdtempSync(`${path}.new-`)
  const old = `${draft}.old`
  try {
    for (const [file, content] of files) writeWholeFile(join(draft, file), content, { replace: true })
    for (const other of existsSync(path) ? readdirSync(path) : [])
      if (!files.has(other)) cpSync(join(path, other), join(draft, other), { recursive: true })
    if (existsSync(path)) renameSync(path, old)
    try {
      renameSync(draft, path)
    } catch (error) {
      if (existsSync(old)) renameSync(old, path)
      throw error
    }
  } finally {
    for (const left of [draft, old]) rmSync(left, { recursive: true, force: true })
  }
}

/** The compiler is loaded for those alone who have a twin. */
async function twinOf(file: string): Promise<CompiledTwin> {
  const { compileTwin } = await import('../../adapters/solc/compile-twin.ts')
  return compileTwin(file)
}

/** A folder that was built. @throws RsdpError E_APP */
export async function readApp(folder: string): Promise<App> {
  const out = join(resolve(folder), 'build')
  try {
    const facts = schema.parse(JSON.parse(await readFile(join(out, 'app.json'), 'utf8')))
    const bundle = new Uint8Array(await readFile(join(out, 'bundle.js')))
    if (bundleId(loadEngine().hash, bundle) !== facts.id) throw new Error('its bundle is another')
    return { ...facts, bundle }
  } catch (cause) {
    throw noApp(folder, 'it has no build that can be read', cause)
  }
}

/** The part of an application that runs in the node itself, with all that the node may do. @throws RsdpError E_APP */
export async function readSource(folder: string, own: Digest): Promise<Application> {
  const url = pathToFileURL(join(resolve(folder), 'build', 'source.mjs')).href
  const module = (await import(url).catch((cause: unknown) => {
    throw noApp(folder, 'its source does not load', cause)
  })) as { readonly default?: unknown; readonly reducers?: unknown }
  const { default: open, reducers = [own] } = module
  if (typeof open !== 'function') throw noApp(folder, 'its source does not default-export a function')
  if (!Array.isArray(reducers) || !reducers.every((name) => typeof name === 'string'))
    throw noApp(folder, 'its source exports reducers that are no list of names')
  return { reducers, open: open as Application['open'] }
}

/** The reducer of a folder that was built, as a module of this process: for whoever reads its params and states. */
export async function describedApp(folder: string): Promise<Described> {
  const url = pathToFileURL(join(resolve(folder), 'build', 'reducer.mjs')).href
  const { default: reducer, example } = await reducerModule(url, folder)
  return { reducer, exampleParams: example?.params }
}

/** Makes up the bytes of a state, of numbers below a limit. */
export type DrawState = (below: (limit: number) => number) => Uint8Array

/** What makes up states for the tests of a folder that was built; null if its author has not said. @throws RsdpError E_APP */
export async function drawOf(folder: string): Promise<DrawState | null> {
  const url = pathToFileURL(join(resolve(folder), 'build', 'reducer.mjs')).href
  // a module is loaded once per address, and a folder may be built anew
  const { default: reducer, example } = await reducerModule(`${url}?${String(Date.now())}`, folder)
  const draw = example?.draw
  if (draw === undefined) return null
  return (below) => {
    try {
      return reducer.state.encode(draw(below))
    } catch (cause) {
      throw noApp(folder, 'its example.draw gives no state that its codec writes', cause)
    }
  }
}

interface ReducerModule {
  readonly default: AnyReducer
  readonly example?: {
    readonly params: unknown
    readonly inputs: readonly unknown[]
    readonly draw?: (below: (limit: number) => number) => unknown
  }
}

async function reducerModule(url: string, folder: string): Promise<ReducerModule> {
  return (await import(url).catch((cause: unknown) => {
    throw noApp(folder, 'its reducer does not load', cause)
  })) as ReducerModule
}

/** The author's example, as the reducer's own codecs write it. */
async function exampleOf(dir: string, module: Uint8Array): Promise<Pick<App, 'params' | 'inputs'>> {
  // it holds all that it imports, so that it loads without a file
  const url = `data:text/javascript;base64,${Buffer.from(module).toString('base64')}`
  const { default: reducer, example } = await reducerModule(url, dir)
  if (example === undefined) throw noApp(dir, 'reducer.ts exports no example')
  try {
    return {
      params: toHex(reducer.params.encode(example.params)),
      inputs: example.inputs.map((state) => toHex(reducer.state.encode(state))),
    }
  } catch (cause) {
    throw noApp(dir, 'its example is none for the codecs of its reducer', cause)
  }
}

function notBuilt(dir: string, why: string): RsdpError {
  return new RsdpError({
    code: 'E_APP_BUILD',
    message: `${dir} does not build: ${why.replaceAll(/\s*\n\s*/g, ' ')}`,
    hint: 'reducer.ts default-exports a Reducer, source.ts a function; rsdp app new shows both',
    exit: EXIT.precondition,
    details: { dir },
  })
}

function noApp(dir: string, why: string, cause?: unknown): RsdpError {
  return new RsdpError({
    code: 'E_APP',
    message: `${dir} is no application: ${why}`,
    hint: 'build it: rsdp app build',
    exit: EXIT.precondition,
    details: { dir },
    cause,
  })
}
