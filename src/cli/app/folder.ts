import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { z } from 'zod'
import { buildBundle, buildModule } from '../../adapters/esbuild/build-bundle.ts'
import { loadEngine } from '../../adapters/sandbox/load-engine.ts'
import { toHex } from '../../codec/hex.ts'
import type { Application } from '../../compose/create-node.ts'
import type { AnyReducer } from '../../reducers/catalog.ts'
import { Bundle } from '../../sandbox/bundle.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { Digest, Hex } from '../../types/ids.ts'
import type { Described } from './named-fields.ts'

const hex = z.string().regex(/^0x([0-9a-f]{2})*$/) as unknown as z.ZodType<Hex>
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
})

export interface App extends z.infer<typeof schema> {
  readonly bundle: Uint8Array
}

/** Compiles `reducer.ts` and `source.ts` of a folder into its `build`. @throws RsdpError E_APP_BUILD, E_APP */
export async function buildApp(folder: string): Promise<App> {
  const dir = resolve(folder)
  const out = join(dir, 'build')
  const compile = (work: Promise<Uint8Array>): Promise<Uint8Array> =>
    work.catch((cause: unknown) => {
      throw notBuilt(dir, cause instanceof Error ? cause.message : String(cause))
    })
  const bundle = await compile(buildBundle(join(dir, 'reducer.ts')))
  const opened = Bundle.open(loadEngine(), bundle)
  if (!opened.ok) throw notBuilt(dir, `the sandbox comes to ${opened.code}: ${opened.detail}`)
  await mkdir(out, { recursive: true })
  await writeFile(join(out, 'bundle.js'), bundle)
  await writeFile(join(out, 'reducer.mjs'), await compile(buildModule(join(dir, 'reducer.ts'))))
  await writeFile(join(out, 'source.mjs'), await compile(buildModule(join(dir, 'source.ts'))))
  const { id, name, usesPrevious } = opened.bundle
  const example = await exampleOf(dir, join(out, 'reducer.mjs'))
  const facts = { schema: 1, id, name, usesPrevious, ...example } as const
  await writeFile(join(out, 'app.json'), `${JSON.stringify(facts, null, 2)}\n`)
  return { ...facts, bundle }
}

/** A folder that was built. @throws RsdpError E_APP */
export async function readApp(folder: string): Promise<App> {
  const out = join(resolve(folder), 'build')
  try {
    const facts = schema.parse(JSON.parse(await readFile(join(out, 'app.json'), 'utf8')))
    return { ...facts, bundle: new Uint8Array(await readFile(join(out, 'bundle.js'))) }
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
  const module = (await import(url).catch((cause: unknown) => {
    throw noApp(folder, 'its reducer does not load', cause)
  })) as { readonly default: AnyReducer; readonly example?: { readonly params: unknown } }
  return { reducer: module.default, exampleParams: module.example?.params }
}

/** The author's example, as the reducer's own codecs write it. */
async function exampleOf(dir: string, module: string): Promise<Pick<App, 'params' | 'inputs'>> {
  // a module is loaded once per address
  const url = `${pathToFileURL(module).href}?${String(Date.now())}`
  const { default: reducer, example } = (await import(url)) as {
    readonly default: AnyReducer
    readonly example?: { readonly params: unknown; readonly inputs: readonly unknown[] }
  }
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
