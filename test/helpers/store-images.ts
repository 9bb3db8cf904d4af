import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createBackup, restoreBackup } from '../../src/adapters/sqlite/backup.ts'
import type { Binding } from '../../src/adapters/sqlite/database.ts'
import { exportHistory, importHistory } from '../../src/adapters/sqlite/exchange.ts'
import { openOrBegin } from '../../src/adapters/sqlite/set-aside.ts'
import { Random } from '../../src/faults/random.ts'
import type { Store } from '../../src/ports/store.ts'
import { invariant } from '../../src/types/errors.ts'
import { RunnerCluster } from './runner-cluster.ts'

const MAIN = 'store.sqlite'
const LOG = 'store.sqlite-wal'
const SEAL = 'store.seal'
const NAMES = [MAIN, LOG, SEAL] as const
/** A page of SQLite. */
const PAGE = 4096

/** The files of a store at one moment, whoever has it open; null: there is none. */
export type Image = ReadonlyMap<string, Buffer | null>

export function imageOf(dataDir: string): Image {
  return new Map(
    NAMES.map((name) => {
      const path = join(dataDir, name)
      return [name, existsSync(path) ? readFileSync(path) : null]
    }),
  )
}

/** Puts files back, in place: they stay the files that they are. */
function put(dataDir: string, image: Image, names: readonly string[] = NAMES): void {
  for (const name of names) {
    const bytes = image.get(name) ?? null
    const path = join(dataDir, name)
    if (bytes === null) rmSync(path, { force: true })
    else writeFileSync(path, bytes)
  }
}

export interface Scene {
  readonly dataDir: string
  readonly dice: Random
  /** Taken some time before the end. */
  readonly older: Image
  /** At the end. */
  readonly last: Image
  readonly binding: Binding
}

function flip({ dataDir, dice }: Scene, name: string): void {
  const path = join(dataDir, name)
  if (!existsSync(path)) return
  const bytes = readFileSync(path)
  if (bytes.length === 0) return
  const at = dice.int(0, bytes.length - 1)
  bytes[at]! ^= 1 << dice.int(0, 7)
  writeFileSync(path, bytes)
}

function cut({ dataDir, dice }: Scene, name: string): void {
  const path = join(dataDir, name)
  if (existsSync(path)) truncateSync(path, dice.int(0, readFileSync(path).length))
}

function zero({ dataDir, dice }: Scene, name: string): void {
  const path = join(dataDir, name)
  if (!existsSync(path)) return
  const bytes = readFileSync(path)
  if (bytes.length < PAGE) return
  const page = dice.int(0, Math.floor(bytes.length / PAGE) - 1)
  bytes.fill(0, page * PAGE, (page + 1) * PAGE)
  writeFileSync(path, bytes)
}

/** Key and log of a node stay where they are. */
function gone(dataDir: string): void {
  for (const name of NAMES) rmSync(join(dataDir, name), { force: true })
}

/** The files are others: a backup that was unpacked, or a new machine. */
function unpack({ dataDir }: Scene, image: Image): void {
  gone(dataDir)
  put(dataDir, image)
}

/** A backup of the older store, restored on a disk that has lost everything. */
function restored(scene: Scene): void {
  const { dataDir, binding, older } = scene
  const [source, backup] = [`${dataDir}-source`, `${dataDir}-backup`]
  mkdirSync(source, { recursive: true })
  put(source, older)
  createBackup({ dataDir: source, ...binding }, backup)
  gone(dataDir)
  restoreBackup(backup, dataDir)
}

/** What was signed, taken along to a new data directory: it was still signed meanwhile, or not. */
function imported({ dataDir, binding, older }: Scene, isFinal: boolean): void {
  const source = isFinal ? dataDir : `${dataDir}-source`
  if (!isFinal) {
    mkdirSync(source, { recursive: true })
    put(source, older)
  }
  const history = exportHistory({ dataDir: source, chainId: 1n, ...binding }, isFinal)
  invariant(history.isFinal === isFinal, 'the last word is that of a whole store alone')
  gone(dataDir)
  rmSync(join(dataDir, 'store.retired'), { force: true })
  importHistory({ dataDir, chainId: 1n, ...binding }, history)
}

/** What happens to a disk between two lives. */
export const DAMAGES = {
  nothing: () => undefined,
  'log: bit': (scene) => flip(scene, LOG),
  'log: cut': (scene) => cut(scene, LOG),
  'log: zeroed page': (scene) => zero(scene, LOG),
  'log: missing': ({ dataDir }) => rmSync(join(dataDir, LOG), { force: true }),
  'main: bit': (scene) => flip(scene, MAIN),
  'main: cut': (scene) => cut(scene, MAIN),
  'main: zeroed page': (scene) => zero(scene, MAIN),
  'main: older, log newer': ({ dataDir, older }) => put(dataDir, older, [MAIN]),
  'main: newer, log older': ({ dataDir, older }) => put(dataDir, older, [LOG]),
  'main and log: older': ({ dataDir, older }) => put(dataDir, older, [MAIN, LOG]),
  'store: gone': ({ dataDir }) => [MAIN, LOG].forEach((name) => rmSync(join(dataDir, name), { force: true })),
  'seal: gone': ({ dataDir }) => rmSync(join(dataDir, SEAL)),
  'seal: bit': (scene) => flip(scene, SEAL),
  'seal: older': ({ dataDir, older }) => put(dataDir, older, [SEAL]),
  'folder: older copy': (scene) => unpack(scene, scene.older),
  'folder: same copy': (scene) => unpack(scene, scene.last),
  'folder: gone': ({ dataDir }) => gone(dataDir),
  'backup: restored': (scene) => restored(scene),
  'signed: exported, imported': (scene) => imported(scene, true),
  'signed: exported earlier, imported': (scene) => imported(scene, false),
} as const satisfies Record<string, (scene: Scene) => unknown>
export type Damage = keyof typeof DAMAGES

export interface Outcome {
  readonly damage: Damage
  /** What the store was when it was opened again. */
  readonly verdict: Store['verdict']
  /** It was damaged, and set aside. */
  readonly setAside: boolean
  /** Keys under which anybody signed twice. */
  readonly conflicts: readonly string[]
  /** What stopped a driver. */
  readonly fatal: readonly unknown[]
  /** Heights decided by the others from the restart until the node's first vote; null: it has not voted again. */
  readonly heightsUntilVote: number | null
  /** All members decided all heights. */
  readonly isDone: boolean
}

const HEIGHTS = 12
const TICKS_MAX = 1_200

/**
 * Plays one seed: four production drivers, one of them on a store on disk, which ends at a moment or an effect that is drawn,
 * as kill -9 does; its files are damaged, and it starts again.
 */
export async function playImage(seed: number, damage: Damage): Promise<Outcome> {
  const dice = new Random(seed)
  const folder = mkdtempSync(join(tmpdir(), 'rsdp-image-'))
  const dataDir = join(folder, 'data')
  const victim = dice.int(0, 3)
  let setAside = false
  let store: Store | null = null
  let last: Image = new Map()
  const bindings: Binding[] = []
  const world = new RunnerCluster({
    n: 4,
    params: { heights: HEIGHTS, epochHeights: dice.int(1, 4), slotTicks: 6, debateTicks: 8, shareTicks: 8 },
    ends: (member) => {
      if (member === victim) last = imageOf(dataDir)
    },
    open: (member, key, deploymentId) => {
      if (member !== victim) return null
      bindings.push({ key, deploymentId })
      store = openOrBegin({ dataDir, key, deploymentId }, () => (setAside = true))
      return store
    },
  })
  const close = (): void => store?.close()
  try {
    await world.start()
    const endsAt = dice.int(2, HEIGHTS - 5)
    const olderAt = dice.int(0, endsAt - 1)
    let older = imageOf(dataDir)
    for (let tick = 0; tick < TICKS_MAX && world.runner(victim).state.chain.height < endsAt; tick += 1) {
      await world.tick()
      if (world.runner(victim).state.chain.height === olderAt) older = imageOf(dataDir)
    }
    // at an effect that is drawn: a write, before or after it is durable, or a frame; or in between
    const seat = world.seat(victim)
    seat.fuse = dice.int(1, 40)
    for (let tick = 0; tick < dice.int(0, 60) && seat.runner !== null; tick += 1) await world.tick()
    if (seat.runner !== null) await world.kill(victim)
    put(dataDir, last)
    const [binding] = bindings
    invariant(binding !== undefined, 'the victim has a store')
    DAMAGES[damage]({ dataDir, dice, older, last, binding })
    const before = world.wire.objects.length
    for (let down = dice.pick([0, 0, 3, 20]); down > 0; down -= 1) await world.tick()
    const highest = (): number => Math.max(...world.up.map(({ runner }) => runner!.state.chain.height))
    const at = highest()
    await world.restart(victim)
    const verdict = (store as Store | null)?.verdict ?? 'new'
    const isDone = await world.run(HEIGHTS, TICKS_MAX)
    const fresh = world.wire.objects.slice(before).flatMap(({ member, object }) => {
      return member === victim && object.type === 'confirm' ? [object.height] : []
    })
    const first = fresh.find((height) => height > at)
    return {
      damage,
      verdict,
      setAside,
      conflicts: world.wire.conflicts,
      fatal: world.fatal,
      heightsUntilVote: first === undefined ? null : first - at - 1,
      isDone,
    }
  } finally {
    close()
    rmSync(folder, { recursive: true, force: true })
  }
}
