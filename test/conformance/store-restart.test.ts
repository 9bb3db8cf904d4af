import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect } from 'chai'
import { MemoryDisk } from '../../src/adapters/memory/store.ts'
import { openStore } from '../../src/adapters/sqlite/store.ts'
import type { Store } from '../../src/ports/store.ts'
import { KEPT_NOTHING } from '../../src/protocol/state.ts'
import { InvariantError, RsdpError } from '../../src/types/errors.ts'
import {
  CLUSTER,
  confirm,
  decidedHeight,
  digestOf,
  entries,
  kept,
  OTHER_CLUSTER,
  OWNER,
  requestOf,
  share,
  status,
} from '../helpers/store-kit.ts'

/** Where a store lies, for tests of what a restart finds there. */
function places(): Record<string, () => { open: () => Store; remove: () => void }> {
  return {
    memory: () => {
      const disk = new MemoryDisk()
      return { open: () => disk.open(OWNER), remove: () => undefined }
    },
    sqlite: () => {
      const dataDir = mkdtempSync(join(tmpdir(), 'rsdp-store-'))
      return {
        open: () => openStore({ dataDir, ...OWNER }),
        remove: () => rmSync(dataDir, { recursive: true }),
      }
    },
  }
}

for (const [name, createPlace] of Object.entries(places())) {
  describe(`store, what a restart finds: ${name}`, () => {
    let place: ReturnType<typeof createPlace>
    let store: Store

    beforeEach(() => {
      place = createPlace()
      store = place.open()
    })
    afterEach(() => {
      store.close()
      place.remove()
    })

    function reopen(): void {
      store.close()
      store = place.open()
    }

    describe('what was kept', () => {
      it('comes back as it was given, of this cluster only', () => {
        const { admission, list, bodies } = kept(1, 1)
        const given = [
          kept(1, 1),
          { ...KEPT_NOTHING, admission },
          { ...KEPT_NOTHING, list },
          { ...KEPT_NOTHING, bodies },
        ]
        given.forEach((item, round) => store.signOnce(requestOf(share(1, round), { kept: item })))
        reopen()
        expect(store.load(CLUSTER).kept).to.have.deep.members(given)
        expect(store.load(OTHER_CLUSTER).kept).to.be.empty
      })

      it('is nothing where nothing was given', () => {
        store.signOnce(requestOf(share(1, 0)))
        store.signOnce(requestOf({ type: 'close' }))
        expect(store.load(CLUSTER).kept).to.be.empty
      })

      it('is that of the first request', () => {
        store.signOnce(requestOf(share(1, 1), { kept: kept(1, 1) }))
        store.signOnce(requestOf(share(1, 1), { kept: kept(1, 1, 'another state') }))
        expect(store.load(CLUSTER).kept).to.deep.equal([kept(1, 1)])
      })

      it('comes and goes with the object: none without it', () => {
        const request = requestOf(share(1, 1), { kept: kept(1, 1), entries: entries(1, 2, 3) })
        expect(() => store.signOnce(request)).to.throw(InvariantError)
        expect(store.load(CLUSTER)).to.deep.include({ signed: [], kept: [], entries: [] })
        const failing = {
          ...requestOf(share(1, 1), { kept: kept(1, 1) }),
          sign: () => {
            throw new Error('no key')
          },
        }
        expect(() => store.signOnce(failing)).to.throw('no key')
        expect(store.load(CLUSTER)).to.deep.include({ signed: [], kept: [] })
      })

      it('does not change when the caller reuses its buffers, or those it was handed', () => {
        const given = kept(1, 1)
        store.signOnce(requestOf(share(1, 1), { kept: given }))
        for (const bytes of given.bodies.values()) bytes.fill(0)
        for (const { bodies } of store.load(CLUSTER).kept) for (const bytes of bodies.values()) bytes.fill(0)
        expect(store.load(CLUSTER).kept).to.deep.equal([kept(1, 1)])
      })

      it('is dropped with the decision of its height, and before', () => {
        for (const height of [1, 2, 3]) store.signOnce(requestOf(share(height, 1), { kept: kept(height, 1) }))
        store.decide(CLUSTER, decidedHeight(1).stored, new Map())
        expect(store.load(CLUSTER).kept).to.have.deep.members([kept(2, 1), kept(3, 1)])
        store.decide(CLUSTER, decidedHeight(2).stored, new Map())
        reopen()
        expect(store.load(CLUSTER).kept).to.deep.equal([kept(3, 1)])
        // an object of a height long decided is still signed once, but nobody needs what goes with it
        store.signOnce(requestOf(share(1, 2), { kept: kept(1, 2) }))
        expect(store.load(CLUSTER).kept).to.deep.equal([kept(3, 1)])
      })

      it('leaves the states of decided heights alone, also those it shared', () => {
        store.signOnce(requestOf(share(1, 1), { kept: kept(1, 1, 'state 1') }))
        const { stored, bodies } = decidedHeight(1)
        store.decide(CLUSTER, stored, bodies)
        reopen()
        expect(store.heights(CLUSTER, 1, 1)).to.deep.equal([stored])
        for (const [hash, bytes] of bodies) expect(store.body(CLUSTER, hash)).to.deep.equal(bytes)
        // kept only, for oneself: not among what is served
        store.signOnce(requestOf(share(2, 1), { kept: kept(2, 1, 'never decided') }))
        expect(store.body(CLUSTER, digestOf('never decided'))).to.equal(null)
      })

      it('takes large states', () => {
        const bodies = new Map([[digestOf('large'), new Uint8Array(65_536).fill(7)]])
        store.signOnce(requestOf(status(1), { kept: { ...KEPT_NOTHING, bodies } }))
        reopen()
        expect(store.load(CLUSTER).kept).to.deep.equal([{ ...KEPT_NOTHING, bodies }])
      })
    })

    it('the history is that of the decided heights, ascending, of this cluster', () => {
      for (const height of [1, 2, 3]) {
        const { stored, bodies } = decidedHeight(height)
        store.decide(CLUSTER, stored, bodies)
      }
      reopen()
      const { history, decidedHeight: last } = store.load(CLUSTER)
      const facts = store.heights(CLUSTER, 1, 3).map(({ decided, value }) => {
        const { stateHash, inputs, eventSeq } = decided.share.object
        return { height: decided.height, value, stateHash, inputs, eventSeq }
      })
      expect(history).to.deep.equal(facts)
      expect(history.map(({ height }) => height)).to.deep.equal([1, 2, 3])
      expect(last).to.equal(3)
      expect(store.load(OTHER_CLUSTER).history).to.be.empty
    })
  })
}

describe('SQLite store, what a restart finds', () => {
  let dataDir: string

  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'rsdp-store-'))
    const store = openStore({ dataDir, ...OWNER })
    store.decide(CLUSTER, decidedHeight(1).stored, decidedHeight(1).bodies)
    store.signOnce(requestOf(share(2, 1), { kept: kept(2, 1) }))
    store.signOnce(requestOf(confirm(2, 1)))
    store.close()
  })
  afterEach(() => rmSync(dataDir, { recursive: true }))

  function tamper(sql: string): void {
    const database = new DatabaseSync(join(dataDir, 'store.sqlite'))
    expect(database.prepare(sql).run().changes).to.be.greaterThan(0)
    database.close()
  }

  const damages: Record<string, string> = {
    'kept bytes that are not what was written': 'UPDATE kept SET record = zeroblob(length(record))',
    'kept bytes under another object': "UPDATE kept SET key = 'share/2/2'",
    'kept bytes under another height': 'UPDATE kept SET height = 3',
    'a kept state that is not what was written': 'UPDATE kept_bodies SET record = zeroblob(length(record))',
    'kept states in each other’s place':
      'UPDATE kept_bodies SET record = (SELECT record FROM kept_bodies ORDER BY hash LIMIT 1)',
    'a kept state that is gone': 'DELETE FROM kept_bodies',
    'history that is not what was written': "UPDATE heights SET history = x''",
    'history under another height': 'UPDATE heights SET height = 2',
  }
  for (const [what, sql] of Object.entries(damages)) {
    it(`refuses ${what}, and then signs nothing any more`, () => {
      tamper(sql)
      const store = openStore({ dataDir, ...OWNER })
      const codes = [() => store.load(CLUSTER), () => store.signOnce(requestOf(share(2, 2)))].map(codeOf)
      store.close()
      expect(codes).to.deep.equal(['E_STORE_CORRUPT', 'E_STORE_CORRUPT'])
    })
  }

  it('reads neither certificates nor states for the history', () => {
    tamper("UPDATE heights SET record = x'00'")
    tamper("UPDATE bodies SET record = x'00'")
    const store = openStore({ dataDir, ...OWNER })
    expect(store.load(CLUSTER).history).to.have.length(1)
    store.close()
  })

  it('has no rows left of heights that are decided', () => {
    const store = openStore({ dataDir, ...OWNER })
    store.decide(CLUSTER, decidedHeight(2).stored, decidedHeight(2).bodies)
    store.close()
    const database = new DatabaseSync(join(dataDir, 'store.sqlite'))
    for (const table of ['kept', 'kept_bodies'])
      expect(database.prepare(`SELECT * FROM ${table}`).all(), table).to.be.empty
    expect(database.prepare('SELECT * FROM signed').all()).to.have.length(2)
    database.close()
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
