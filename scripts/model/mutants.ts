import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type * as create from '../../src/protocol/create.ts'
import type * as engine from '../../src/protocol/engine.ts'
import { invariant } from '../../src/types/errors.ts'
import type { Protocol } from './protocol.ts'

/** One line of the protocol, rewritten: the model must notice. */
export interface Mutant {
  readonly name: string
  /** In src/protocol. */
  readonly file: string
  readonly from: string
  readonly to: string
}

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'half is a quorum',
    file: 'quorum.ts',
    from: 'return cluster.totalWeight > 0 && 3 * weight > 2 * cluster.totalWeight',
    to: 'return cluster.totalWeight > 0 && 2 * weight >= cluster.totalWeight',
  },
  {
    name: 'a locked node votes for a fresh list',
    file: 'rounds.ts',
    from: 'if (s.lock !== null) {',
    to: 'if (false as boolean) {',
  },
  {
    name: 'CONFIRM does not lock',
    file: 'share.ts',
    from: 'if (confirmed !== NIL) s.lock = { value: confirmed, round: s.round }',
    to: '',
  },
  {
    name: 'SHAREs for different values make a SHARE quorum',
    file: 'votes.ts',
    from: 'const key = `${value}/${signed.object.validRound}`',
    to: 'const key = `${signed.object.round}`',
  },
  {
    name: 'CONFIRMs for different values make a commit certificate',
    file: 'votes.ts',
    from: 'groups.set(signed.object.value, [...(groups.get(signed.object.value) ?? []), signed])',
    to: 'const of = signed.object.value === NIL ? NIL : ([...groups.keys()].find((key) => key !== NIL) ?? signed.object.value); groups.set(of, [...(groups.get(of) ?? []), signed])',
  },
  {
    name: 'the lock ends with its round',
    file: 'rounds.ts',
    from: "logEvent(w, 't3', round, s.chain.value)",
    to: "s.lock = null; logEvent(w, 't3', round, s.chain.value)",
  },
]

/** Loads a copy of the protocol with one line rewritten; nothing in the program itself knows of it. */
export async function loadMutant({ name, file, from, to }: Mutant): Promise<Protocol> {
  const root = fileURLToPath(new URL('../..', import.meta.url))
  const copy = mkdtempSync(join(tmpdir(), 'rsdp-mutant-'))
  try {
    for (const folder of ['protocol', 'codec', 'types'])
      cpSync(join(root, 'src', folder), join(copy, 'src', folder), { recursive: true })
    writeFileSync(join(copy, 'package.json'), '{"type":"module"}')
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
    const path = join(copy, 'src/protocol', file)
    const source = readFileSync(path, 'utf8')
    invariant(source.split(from).length === 2, `mutant "${name}": ${file} has its line not exactly once`)
    writeFileSync(
      path,
      source.replace(from, () => to),
    )
    const load = async (module: string): Promise<unknown> =>
      import(pathToFileURL(join(copy, 'src/protocol', module)).href)
    const { step } = (await load('engine.ts')) as typeof engine
    const { createEngine } = (await load('create.ts')) as typeof create
    return { step, createEngine }
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
}
