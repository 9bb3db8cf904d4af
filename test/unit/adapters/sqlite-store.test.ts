import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect } from 'chai'
import { openStore } from '../../../src/adapters/sqlite/store.ts'
import type { Store } from '../../../src/ports/store.ts'
import { InvariantError, RsdpError } from '../../../src/types/errors.ts'
import { EXIT } from '../../../src/types/exit-codes.ts'
import { skip } from '../../helpers/skip.ts'
import {
  CLUSTER,
  confirm,
  decidedHeight,
  digestOf,
  entries,
  OWNER,
  quorum,
  requestOf,
  share,
} from '../../helpers/store-kit.ts'

describe('SQLite store', () => {
  let folder: string
  let dataDir: string
  let file: string
  let store: Store | null

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'rsdp-sqlite-'))
    dataDir = join(folder, 'deep', 'data')
    file = join(dataDir, 'store.sqlite')
    store = null
  })
  afterEach(() => {
    store?.close()
    rmSync(folder, { recursive: true })
  })

  function open(at = dataDir): Store {
    store = openStore({ dataDir: at, ...OWNER })
    return store
  }

  /** A store with a little of everything, closed. */
  function fill(): void {
    const filled = open()
    for (let height = 1; height <= 40; height += 1) {
      filled.signOnce(requestOf(share(height, 0), { entries: entries(height, height, height) }))
      filled.signOnce(requestOf(confirm(height, 0), { proof: quorum(height, 0) }))
      const { stored, bodies } = decidedHeight(height)
      if (height < 40) filled.decide(CLUSTER, stored, bodies)
    }
    filled.setCursor(7, digestOf('block'))
    filled.close()
  }

  function refusal(call: () => unknown = () => open()): RsdpError {
    try {
      call()
    } catch (error) {
      if (error instanceof RsdpError) return error
      throw error
    }
    throw new Error('nothing was thrown')
  }

  /** Opening is refused with this code, and leaves the directory as it was. */
  function expectRefused(code: string): RsdpError {
    const before = readdirSync(dataDir).map((name) => [name, readFileSync(join(dataDir, name), 'latin1')])
    const error = refusal()
    expect(error.code).to.equal(code)
    expect(error.exit).to.equal(EXIT.precondition)
    expect(error.message).to.include(file)
    const after = readdirSync(dataDir).map((name) => [name, readFileSync(join(dataDir, name), 'latin1')])
    expect(after).to.deep.equal(before)
    return error
  }

  /** Changes the closed store behind its back. */
  function tamper(sql: string, ...values: (string | number | Uint8Array)[]): void {
    const database = new DatabaseSync(file)
    expect(database.prepare(sql).run(...values).changes).to.be.greaterThan(0)
    database.close()
  }

  /** Flips a bit in the middle of the first record of a table that the condition picks. */
  function flip(table: string, where = 'true'): void {
    const database = new DatabaseSync(file)
    const row = database.prepare(`SELECT record FROM ${table} WHERE ${where} LIMIT 1`).get()
    database.close()
    const record = row?.['record'] as Uint8Array
    const flipped = new Uint8Array(record)
    flipped[record.length >> 1]! ^= 0x10
    tamper(`UPDATE ${table} SET record = ? WHERE record = ?`, flipped, record)
  }

  it('makes directory and file for their owner only', () => {
    open()
    for (const name of ['deep', 'deep/data'])
      expect(statSync(join(folder, name)).mode & 0o777).to.equal(0o700)
    for (const name of readdirSync(dataDir))
      expect(statSync(join(dataDir, name)).mode & 0o777, name).to.equal(0o600)
  })

  it('leaves one file and its seal when it is closed', () => {
    fill()
    expect(readdirSync(dataDir)).to.deep.equal(['store.seal', 'store.sqlite'])
  })

  describe('refuses', () => {
    beforeEach(fill)

    it('an empty file', () => {
      truncateSync(file, 0)
      expectRefused('E_STORE_CORRUPT')
    })

    it('a file cut short anywhere', () => {
      const whole = readFileSync(file)
      for (const part of [0.001, 0.01, 0.3, 0.5, 0.9]) {
        writeFileSync(file, whole.subarray(0, Math.floor(whole.length * part)))
        expectRefused('E_STORE_CORRUPT')
      }
    })

    it('garbage', () => {
      writeFileSync(file, Buffer.alloc(100_000, 'garbage '))
      expectRefused('E_STORE_CORRUPT')
    })

    it('pages overwritten in the middle', () => {
      const bytes = readFileSync(file)
      for (let page = 1; page < bytes.length / 4096; page += 1)
        bytes.fill(0xa5, page * 4096, page * 4096 + 512)
      writeFileSync(file, bytes)
      expectRefused('E_STORE_CORRUPT')
    })

    it("somebody else's database", () => {
      rmSync(file)
      const foreign = new DatabaseSync(file)
      foreign.exec('CREATE TABLE notes (text TEXT); INSERT INTO notes VALUES (1); PRAGMA user_version = 1')
      foreign.close()
      expectRefused('E_STORE_CORRUPT')
    })

    it('a store whose tables are gone', () => {
      const database = new DatabaseSync(file)
      database.exec('DROP TABLE binding')
      database.close()
      expectRefused('E_STORE_CORRUPT')
    })

    it('a store that does not say whose it is', () => {
      tamper('DELETE FROM binding')
      expectRefused('E_STORE_CORRUPT')
    })

    it('a newer schema, and an unknown older one', () => {
      const database = new DatabaseSync(file)
      for (const version of [0, 2, 3, 5, 99]) {
        database.exec(`PRAGMA user_version = ${version}; PRAGMA wal_checkpoint(TRUNCATE)`)
        const error = refusal(() => {
          const copy = join(folder, `copy-${version}`)
          openStore({ dataDir: copy, ...OWNER }).close()
          copyFileSync(file, join(copy, 'store.sqlite'))
          open(copy)
        })
        expect(error.code).to.equal('E_STORE_VERSION')
        expect(error.details).to.include({ found: version, known: 4 })
      }
      database.close()
      expectRefused('E_STORE_VERSION')
    })

    it('another key or deployment, and says which of the two', () => {
      const key = `0x${'b0'.repeat(20)}` as const
      const before = readFileSync(file)
      const other = refusal(() => openStore({ dataDir, ...OWNER, key }))
      expect(other.details).to.include({ which: 'key', found: OWNER.key, wanted: key })
      const deploymentId = digestOf('after a restart')
      const restarted = refusal(() => openStore({ dataDir, ...OWNER, deploymentId }))
      expect(restarted.details).to.include({ which: 'deployment', found: OWNER.deploymentId })
      expect(readFileSync(file).equals(before)).to.equal(true)
    })

    it('a store whose file is gone while its log is still there', () => {
      rmSync(file)
      writeFileSync(`${file}-wal`, 'the last commits')
      expectRefused('E_STORE_CORRUPT')
    })

    it('a signed object with a flipped bit, in the object, its key or its height', () => {
      const whole = readFileSync(file)
      for (const damage of [
        () => flip('signed'),
        () => tamper("UPDATE signed SET key = 'share/3/9' WHERE key = 'share/3/0'"),
        () => tamper("UPDATE signed SET height = 4 WHERE key = 'share/3/0'"),
        () => tamper("UPDATE signed SET cluster = x'00' WHERE key = 'share/3/0'"),
        () => tamper("UPDATE signed SET record = x'' WHERE key = 'share/3/0'"),
      ]) {
        writeFileSync(file, whole)
        damage()
        expectRefused('E_STORE_CORRUPT')
      }
    })
  })

  describe('finds a flipped bit when it reads it, and then signs nothing any more', () => {
    const records: Record<string, readonly [table: string, where: string, read: (from: Store) => unknown]> = {
      'log entry': ['log', 'height = 40', (from) => from.load(CLUSTER)],
      proof: ['proofs', 'height = 40', (from) => from.load(CLUSTER)],
      height: ['heights', 'height = 5', (from) => from.heights(CLUSTER, 5, 1)],
      body: ['bodies', 'true', (from) => from.heights(CLUSTER, 1, 40)],
    }
    for (const [what, [table, where, read]] of Object.entries(records)) {
      it(`in a ${what}`, () => {
        fill()
        if (table === 'bodies') {
          // any of them: find the ones that heights need
          tamper('UPDATE bodies SET record = zeroblob(length(record))')
        } else flip(table, where)
        const damaged = open()
        expect(refusal(() => read(damaged)).code).to.equal('E_STORE_CORRUPT')
        const request = requestOf(share(41, 0))
        expect(refusal(() => damaged.signOnce(request)).code).to.equal('E_STORE_CORRUPT')
        expect(request.calls).to.equal(0)
        expect(refusal(() => damaged.setCursor(8, digestOf('x'))).code).to.equal('E_STORE_CORRUPT')
      })
    }

    it('in a height that lost its state', () => {
      fill()
      tamper('DELETE FROM bodies')
      expect(refusal(() => open().heights(CLUSTER, 1, 1)).code).to.equal('E_STORE_CORRUPT')
    })
  })

  it('refuses an object whose hash is not its own', () => {
    const request = requestOf(share(1, 0))
    const lying = { ...request, sign: () => ({ ...request.sign(), hash: digestOf('another') }) }
    expect(() => open().signOnce(lying)).to.throw(InvariantError)
    expect(store?.load(CLUSTER).signed).to.be.empty
  })

  it('drops a torn end of the write-ahead log, and only that', () => {
    const running = open()
    running.signOnce(requestOf(share(1, 0)))
    running.signOnce(requestOf(share(1, 1)))
    // what a power cut leaves: a copy of the files of the running store, with half a commit at the end
    const copy = join(folder, 'copy')
    openStore({ dataDir: copy, ...OWNER }).close()
    for (const name of ['store.sqlite', 'store.sqlite-wal'])
      copyFileSync(join(dataDir, name), join(copy, name))
    running.close()
    const log = join(copy, 'store.sqlite-wal')
    appendFileSync(log, readFileSync(log).subarray(-3_000))
    const torn = open(copy)
    expect(torn.load(CLUSTER).signed).to.have.length(2)
    const request = requestOf(share(1, 1, 'another'))
    torn.signOnce(request)
    expect(request.calls).to.equal(0)
  })

  it('keeps a store that was moved', () => {
    fill()
    const moved = join(folder, 'moved')
    renameSync(dataDir, moved)
    expect(open(moved).load(CLUSTER).decidedHeight).to.equal(39)
    expect(existsSync(dataDir)).to.equal(false)
  })

  it('says that its place is not a directory', () => {
    writeFileSync(join(folder, 'file'), '')
    const error = refusal(() => open(join(folder, 'file')))
    expect([error.code, error.exit]).to.deep.equal(['E_STORE_WRITE', EXIT.precondition])
  })

  it('says that it may not write into its place', function () {
    if (process.getuid?.() === 0) skip(this, 'root may write everywhere')
    fill()
    chmodSync(file, 0o400)
    chmodSync(dataDir, 0o500)
    const error = refusal()
    chmodSync(dataDir, 0o700)
    expect([error.code, error.exit]).to.deep.equal(['E_STORE_WRITE', EXIT.precondition])
  })
})
