import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { openStore } from '../../src/adapters/sqlite/store.ts'
import { signOnceKey } from '../../src/codec/objects.ts'
import type { Store } from '../../src/ports/store.ts'
import { KEPT_NOTHING } from '../../src/protocol/state.ts'
import { RsdpError } from '../../src/types/errors.ts'
import { EXIT } from '../../src/types/exit-codes.ts'
import { eventually } from '../helpers/eventually.ts'
import { CLUSTER, entries, OWNER, quorum, share } from '../helpers/store-kit.ts'

const SIGNER = fileURLToPath(new URL('store-signer.ts', import.meta.url))
const SEED = Number(process.env['STORE_KILL_SEED'] ?? 20_261)
const KILLS = 12
/** A child takes half a second to start, and many times that on a busy machine. */
const PATIENCE_MS = 60_000

/** mulberry32: a few bits of dice that can be thrown again. */
function diceOf(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}

interface Run {
  readonly child: ChildProcess
  /** Whole lines so far. */
  readonly lines: () => string[]
}

function start(args: readonly string[], shell?: string): Run {
  const node = [process.execPath, '--disable-warning=ExperimentalWarning', SIGNER, ...args]
  const [command = '', ...rest] = shell === undefined ? node : ['sh', '-c', shell, 'sh', ...node]
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()))
  return { child, lines: () => text.split('\n').slice(0, -1) }
}

/** Waits until a child has ended and all it wrote has arrived. */
async function ended({ child }: Run): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'close')
}

describe('store of a killed process', function () {
  this.timeout(300_000)
  let dataDir: string
  let runs: Run[]

  beforeEach(() => {
    dataDir = join(mkdtempSync(join(tmpdir(), 'rsdp-kill-')), 'data')
    runs = []
  })
  afterEach(async () => {
    for (const run of runs) {
      run.child.kill('SIGKILL')
      await ended(run)
    }
    rmSync(join(dataDir, '..'), { recursive: true })
  })

  function run(number: number, shell?: string): Run {
    const started = start([dataDir, `${number}`], shell)
    runs.push(started)
    return started
  }

  /** What the open store has under a key; throws if it would sign anew. */
  function storedUnder(store: Store, key: string): string {
    const sign = (): never => {
      throw new Error(`nothing is stored under ${key}`)
    }
    return store.signOnce({ cluster: CLUSTER, key, entries: [], proof: null, kept: KEPT_NOTHING, sign })
      .signature
  }

  it(`still has every object that it gave out, after ${KILLS} kills (seed ${SEED})`, async () => {
    const dice = diceOf(SEED)
    const given = new Map<string, string>()
    for (let kill = 0; kill < KILLS; kill += 1) {
      const { child, lines } = run(kill)
      // every third one in the middle of opening, or soon after; the others while they sign something new
      const wanted = kill % 3 === 2 ? dice(2) : given.size + 1 + dice(40)
      await eventually(() => lines().length >= wanted, PATIENCE_MS)
      const delayMs = dice(4)
      await new Promise((resolve) => setTimeout(resolve, delayMs))
      child.kill('SIGKILL')
      await once(child, 'close')

      for (const line of lines().filter((text) => text !== 'ready')) {
        const [key = '', signature = ''] = line.split(' ')
        expect(signature, key).to.equal(given.get(key) ?? signature)
        given.set(key, signature)
      }
      const store = openStore({ dataDir, ...OWNER })
      try {
        for (const [key, signature] of given) expect(storedUnder(store, key), key).to.equal(signature)
        const task = store.load(CLUSTER)
        // each object with its entry and its proof, or nothing of the three
        expect(task.entries).to.deep.equal(entries(1, 1, task.signed.length))
        expect(task.proofs).to.have.length(task.signed.length)
        const keys = task.signed.map(({ object }) => signOnceKey(object))
        expect(keys).to.have.members(task.signed.map((_, round) => signOnceKey(share(1, round))))
        expect(task.proofs).to.deep.include(quorum(1, task.signed.length - 1))
        // at most the one that was killed before it could be printed
        expect(task.signed.length - given.size).to.be.within(0, kill + 1)
      } finally {
        store.close()
      }
    }
    expect(given.size).to.be.greaterThan(KILLS)
    expect(readdirSync(dataDir)).to.deep.equal(['store.seal', 'store.sqlite'])
  })

  it('is locked while the process lives, and free when it is gone', async () => {
    const first = run(0)
    await eventually(() => first.lines().length > 1, PATIENCE_MS)
    const second = run(1)
    await ended(second)
    expect(second.lines()).to.deep.equal(['E_LOCKED'])
    expect(second.child.exitCode).to.equal(EXIT.busy)
    expect(codeOf(() => openStore({ dataDir, ...OWNER }))).to.equal('E_LOCKED')
    first.child.kill('SIGKILL')
    await ended(first)
    openStore({ dataDir, ...OWNER }).close()
  })

  it('stays locked for other processes when this one is refused a second opening', async () => {
    const store = openStore({ dataDir, ...OWNER })
    expect(codeOf(() => openStore({ dataDir, ...OWNER }))).to.equal('E_LOCKED')
    const other = run(0)
    await ended(other)
    expect(other.lines()).to.deep.equal(['E_LOCKED'])
    store.close()
  })

  it('lets one of several win that start at once on a new directory', async () => {
    const rivals = [0, 1, 2, 3].map((number) => run(number))
    await eventually(() => rivals.every(({ lines }) => lines().length > 0), PATIENCE_MS)
    const firsts = rivals.map(({ lines }) => lines()[0])
    expect(firsts.toSorted()).to.deep.equal(['E_LOCKED', 'E_LOCKED', 'E_LOCKED', 'ready'])
  })

  it('signs nothing any more when the disk takes no more, and has what it gave out', async () => {
    // no file may grow beyond 128 KiB
    const limited = run(0, 'ulimit -f 256; exec "$@"')
    await ended(limited)
    const lines = limited.lines()
    // once for the new object, and once more for one that is stored
    expect(lines.slice(-2)).to.deep.equal(['E_STORE_WRITE', 'E_STORE_WRITE'])
    expect(limited.child.exitCode).to.equal(EXIT.precondition)
    const store = openStore({ dataDir, ...OWNER })
    try {
      const given = lines.slice(1, -2).map((line) => line.split(' '))
      expect(given).to.not.be.empty
      for (const [key = '', signature] of given) expect(storedUnder(store, key)).to.equal(signature)
    } finally {
      store.close()
    }
  })

  it('leaves no store behind when the disk is full from the start', async () => {
    const limited = run(0, 'ulimit -f 8; exec "$@"')
    await ended(limited)
    expect(limited.lines()).to.deep.equal(['E_STORE_WRITE'])
    expect(readdirSync(dataDir)).to.be.empty
    openStore({ dataDir, ...OWNER }).close()
  })
})

function codeOf(call: () => unknown): string {
  try {
    call()
  } catch (error) {
    if (error instanceof RsdpError) return error.code
    throw error
  }
  throw new Error('nothing was thrown')
}
