import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { runMachineSeed } from '../../helpers/linearizability/simulated.ts'
import type { runStoreSeed } from '../../helpers/store/history.ts'
import type { runSeed } from '../../../src/sim/run-seed.ts'

/** One fault of ours, put into a copy of the program. */
export interface Mutant {
  readonly name: string
  /** Files below `src/`, each with a piece of its text and what stands there instead. */
  readonly edits: readonly (readonly [file: string, from: string, to: string])[]
}

export interface Loaded {
  readonly runSeed: typeof runSeed
  readonly remove: () => void
}

const root = fileURLToPath(new URL('../../..', import.meta.url))
const COPIED = [
  'types',
  'codec',
  'protocol',
  'reducers',
  'services',
  'ports',
  'faults',
  'node',
  'agreement',
  'policy',
  'adapters/memory',
  'audit',
  'sim',
]

/** The simulator over a copy of the sources with the mutant's lines rewritten: no seam in the program itself. */
export async function loadMutant(mutant: Mutant): Promise<Loaded> {
  const { folder, remove } = copyOf(mutant)
  const url = pathToFileURL(join(folder, 'src/sim/run-seed.ts')).href
  const mutated = (await import(url)) as { runSeed: typeof runSeed }
  return { runSeed: mutated.runSeed, remove }
}

/** The same for worlds of machines with clients. */
export async function loadMachineMutant(
  mutant: Mutant,
): Promise<{ readonly runMachineSeed: typeof runMachineSeed; readonly remove: () => void }> {
  const { folder, remove } = copyOf(mutant)
  const helper = 'test/helpers/linearizability'
  cpSync(join(root, helper), join(folder, helper), { recursive: true })
  const mutated = (await import(pathToFileURL(join(folder, helper, 'simulated.ts')).href)) as {
    runMachineSeed: typeof runMachineSeed
  }
  return { runMachineSeed: mutated.runMachineSeed, remove }
}

/** The same for worlds of stores. */
export async function loadStoreMutant(
  mutant: Mutant,
): Promise<{ readonly runStoreSeed: typeof runStoreSeed; readonly remove: () => void }> {
  const { folder, remove } = copyOf(mutant)
  cpSync(join(root, 'test/helpers'), join(folder, 'test/helpers'), { recursive: true })
  const mutated = (await import(pathToFileURL(join(folder, 'test/helpers/store/history.ts')).href)) as {
    runStoreSeed: typeof runStoreSeed
  }
  return { runStoreSeed: mutated.runStoreSeed, remove }
}

function copyOf({ edits }: Mutant): { readonly folder: string; readonly remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'rsdp-mutant-'))
  for (const name of COPIED) cpSync(join(root, 'src', name), join(folder, 'src', name), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  for (const [file, from, to] of edits) {
    const path = join(folder, 'src', file)
    const source = readFileSync(path, 'utf8')
    const places = source.split(from).length - 1
    if (places !== 1) throw new Error(`${file} has ${places} places like: ${from}`)
    writeFileSync(
      path,
      source.replace(from, () => to),
    )
  }
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

export interface Catch {
  /** Seeds until the first violation; null: none of them. */
  readonly seeds: number | null
  /** The first violation. */
  readonly kind: string
  readonly detail: string
  /** Kinds of all violations of that seed. */
  readonly kinds: readonly string[]
}

/** Runs seeds over a mutant until a checker sees something. */
export async function hunt(
  mutant: Mutant,
  options: Parameters<typeof runSeed>[1],
  seedsMax: number,
): Promise<Catch> {
  const loaded = await loadMutant(mutant)
  try {
    for (let seed = 1; seed <= seedsMax; seed += 1) {
      const { violations } = await loaded.runSeed(seed, options)
      const [first] = violations
      if (first === undefined) continue
      return { seeds: seed, ...first, kinds: violations.map(({ kind }) => kind) }
    }
    return { seeds: null, kind: '', detail: '', kinds: [] }
  } finally {
    loaded.remove()
  }
}
