import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import fc from 'fast-check'
import { evidenceId } from '../../src/codec/evidence.ts'
import { MemoryDisk } from '../../src/adapters/memory/store.ts'
import { openStore } from '../../src/adapters/sqlite/store.ts'
import type { OutboxEntry, SignRequest, Store } from '../../src/ports/store.ts'
import { KEPT_NOTHING } from '../../src/protocol/state.ts'
import { InvariantError, RsdpError } from '../../src/types/errors.ts'
import { EXIT } from '../../src/types/exit-codes.ts'
import type { Evidence } from '../../src/types/evidence.ts'
import type { LogEntry } from '../../src/types/log.ts'
import type { Checkpoint, ProtocolObject, Signed } from '../../src/types/objects.ts'
import {
  CLUSTER,
  confirm,
  decidedHeight,
  digestOf,
  entries,
  entry,
  OTHER_CLUSTER,
  OWNER,
  quorum,
  requestOf,
  share,
  signed,
  status,
} from '../helpers/store-kit.ts'

type Owner = Parameters<MemoryDisk['open']>[0]

/** What is loaded of a task that the store has never heard of. */
const NOTHING = {
  entries: [],
  signed: [],
  proofs: [],
  notes: new Map(),
  kept: [],
  decidedHeight: 0,
  history: [],
}

/** One data directory. */
interface Place {
  open(owner?: Owner): Store
  remove(): void
}

/** The promises of the Store port, for any adapter. */
function describeStore(name: string, createPlace: () => Place): void {
  describe(`store: ${name}`, () => {
    let place: Place
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

    describe('signing once', () => {
      it('signs a key once and returns the same object ever after', () => {
        const first = requestOf(share(3, 0))
        const made = store.signOnce(first)
        const second = requestOf(share(3, 0, 'another state'))
        expect(store.signOnce(second)).to.deep.equal(made)
        reopen()
        expect(store.signOnce(second)).to.deep.equal(made)
        expect([first.calls, second.calls]).to.deep.equal([1, 0])
      })

      it('keeps rounds, types and clusters apart', () => {
        const objects = [share(3, 0), share(3, 1), confirm(3, 0), status(3), { type: 'close' } as const]
        const requests = objects.flatMap((object) => [
          requestOf(object),
          requestOf(object, { cluster: OTHER_CLUSTER }),
        ])
        for (const request of requests) store.signOnce(request)
        expect(requests.map(({ calls }) => calls)).to.deep.equal(requests.map(() => 1))
      })

      it('returns every type of object as it was signed', () => {
        const objects: ProtocolObject[] = [
          {
            type: 'hello',
            height: 3,
            round: 2 ** 32 - 1,
            value: digestOf('v'),
            inputsRoot: digestOf('i'),
            inputs: 2n ** 31n - 1n,
            validRound: -1,
          },
          status(3),
          { ...share(3, 1), validRound: 0 },
          confirm(3, 1),
          checkpoint(3),
          { type: 'close' },
        ]
        const made = objects.map((object) => store.signOnce(requestOf(object)))
        expect(made).to.deep.equal(objects.map((object) => signed(object)))
        reopen()
        const again = objects.map((object) => store.signOnce(requestOf(object, { salt: 'other' })))
        expect(again).to.deep.equal(made)
      })

      it('keeps nothing of a request whose signing failed', () => {
        const refusal = new Error('no key')
        const request = requestOf(share(1, 0), { entries: [entry(1, 1)], proof: quorum(1, 0) })
        const failing = {
          ...request,
          sign: () => {
            throw refusal
          },
        }
        expect(() => store.signOnce(failing)).to.throw(refusal)
        expect(store.load(CLUSTER)).to.deep.equal(NOTHING)
        store.signOnce(request)
        expect(store.load(CLUSTER).signed).to.have.length(1)
      })

      it('refuses an object signed for another key', () => {
        const request = { ...requestOf(share(1, 0)), key: 'share/1/1' }
        expect(() => store.signOnce(request)).to.throw(InvariantError)
        expect(store.load(CLUSTER).signed).to.be.empty
      })

      it('refuses to be called while it signs', () => {
        const request = requestOf(share(1, 0))
        const nested = {
          ...request,
          sign: (): Signed => {
            store.append(CLUSTER, [entry(1, 1)])
            return request.sign()
          },
        }
        expect(() => store.signOnce(nested)).to.throw(InvariantError)
        expect(store.load(CLUSTER).entries).to.be.empty
      })
    })

    describe('the log', () => {
      it('stores entries with the object that announces them, and alone', () => {
        store.append(CLUSTER, entries(1, 1, 2))
        store.signOnce(requestOf(share(1, 0), { entries: entries(1, 3, 4) }))
        store.append(CLUSTER, [])
        reopen()
        expect(store.load(CLUSTER).entries).to.deep.equal(entries(1, 1, 4))
        expect(store.load(OTHER_CLUSTER).entries).to.be.empty
      })

      it('takes entries of a request whose key was signed before', () => {
        store.signOnce(requestOf(share(1, 0), { entries: entries(1, 1, 2) }))
        store.signOnce(requestOf(share(1, 0), { entries: entries(1, 1, 3) }))
        expect(store.load(CLUSTER).entries).to.deep.equal(entries(1, 1, 3))
      })

      it('takes every status, event and round', () => {
        const odd: LogEntry[] = [
          { seq: 1, from: 'INITIAL', event: 't1', to: 'DEBATE', height: 1, round: 0, value: digestOf('a') },
          {
            seq: 2,
            from: 'SHARE',
            event: 'RESET',
            to: 'INITIAL',
            height: 2 ** 53 - 1,
            round: 2 ** 32 - 1,
            value: digestOf('b'),
          },
        ]
        store.append(CLUSTER, odd)
        reopen()
        expect(store.load(CLUSTER).entries).to.deep.equal(odd)
      })

      it('loads the epoch of the last entry only', () => {
        store.append(CLUSTER, [...entries(1, 1, 4), ...entries(2, 5, 8)])
        store.append(CLUSTER, [...entries(3, 1, 4), ...entries(4, 5, 6)])
        reopen()
        expect(store.load(CLUSTER).entries).to.deep.equal([...entries(3, 1, 4), ...entries(4, 5, 6)])
      })

      it('reads the entries of some heights, of epochs that are over too', () => {
        store.append(CLUSTER, [...entries(1, 1, 4), ...entries(2, 5, 8)])
        store.append(CLUSTER, [...entries(3, 1, 4), ...entries(4, 5, 6)])
        reopen()
        expect(store.log(CLUSTER, 1, 2)).to.deep.equal([...entries(1, 1, 4), ...entries(2, 5, 8)])
        expect(store.log(CLUSTER, 2, 3)).to.deep.equal([...entries(2, 5, 8), ...entries(3, 1, 4)])
        expect(store.log(CLUSTER, 5, 9)).to.be.empty
        expect(store.log(OTHER_CLUSTER, 1, 4)).to.be.empty
      })

      it('repeats what is stored without a trace, also from epochs before', () => {
        store.append(CLUSTER, [...entries(1, 1, 4), ...entries(2, 1, 2)])
        store.append(CLUSTER, [...entries(1, 2, 4), ...entries(2, 1, 3), entry(2, 3)])
        expect(store.load(CLUSTER).entries).to.deep.equal(entries(2, 1, 3))
      })

      const forks: Record<string, readonly LogEntry[]> = {
        'another value in the same place': [entry(2, 2, 'forged')],
        'another place under the same number': [entry(3, 2)],
        'a gap': [entry(2, 4)],
        'a height that falls': [entry(1, 3)],
        'a number that does not start at 1 in an earlier height': [entry(1, 2)],
        'a new epoch at the same height, with other content': [entry(2, 1, 'forged')],
        'one good entry before a bad one': [entry(2, 3), entry(2, 3, 'forged')],
      }
      for (const [what, forged] of Object.entries(forks)) {
        it(`refuses ${what}, and keeps nothing of the request`, () => {
          const before = [entry(1, 1), ...entries(2, 1, 2)]
          store.append(CLUSTER, before)
          const request = requestOf(share(2, 0), { entries: forged })
          expect(() => store.signOnce(request)).to.throw(InvariantError)
          expect(() => store.append(CLUSTER, forged)).to.throw(InvariantError)
          expect(request.calls).to.equal(0)
          expect(store.load(CLUSTER)).to.deep.include({ entries: entries(2, 1, 2), signed: [] })
        })
      }

      it('begins with number 1', () => {
        expect(() => store.append(CLUSTER, [entry(1, 2)])).to.throw(InvariantError)
      })
    })

    describe('decided heights', () => {
      it('returns them with certificate, state and inputs, ascending, at most as many as asked', () => {
        const heights = [1, 2, 3, 4].map((height) => decidedHeight(height))
        for (const { stored, bodies } of heights) store.decide(CLUSTER, stored, bodies)
        reopen()
        const all = heights.map(({ stored }) => stored)
        expect(store.heights(CLUSTER, 1, 10)).to.deep.equal(all)
        expect(store.heights(CLUSTER, 2, 2)).to.deep.equal(all.slice(1, 3))
        expect(store.heights(CLUSTER, 5, 10)).to.be.empty
        expect(store.heights(OTHER_CLUSTER, 1, 10)).to.be.empty
        const states = all.map(({ decided, state }) => ({ height: decided.height, state }))
        expect(store.states(CLUSTER, 1, 10)).to.deep.equal(states)
        expect(store.states(CLUSTER, 2, 2)).to.deep.equal(states.slice(1, 3))
        expect(store.states(CLUSTER, 5, 10)).to.be.empty
        expect(store.states(OTHER_CLUSTER, 1, 10)).to.be.empty
        expect(store.load(CLUSTER).decidedHeight).to.equal(4)
      })

      it('serves the bodies of listed and decided states, of this cluster', () => {
        const { stored, bodies } = decidedHeight(1)
        store.decide(CLUSTER, stored, bodies)
        reopen()
        for (const [hash, bytes] of bodies) expect(store.body(CLUSTER, hash)).to.deep.equal(bytes)
        expect(store.body(CLUSTER, digestOf('state 1'))).to.deep.equal(stored.state)
        expect(store.body(CLUSTER, digestOf('unknown'))).to.equal(null)
        expect(store.body(OTHER_CLUSTER, digestOf('state 1'))).to.equal(null)
      })

      it('keeps states of 0 and of 65,536 bytes, also when the caller reuses its buffer', () => {
        const { stored } = decidedHeight(1, '')
        const large = new Uint8Array(65_536).fill(7)
        store.decide(CLUSTER, stored, new Map([[digestOf('large'), large]]))
        large.fill(8)
        expect(store.heights(CLUSTER, 1, 1)[0]?.state).to.have.length(0)
        const kept = store.body(CLUSTER, digestOf('large'))
        expect(kept?.every((byte) => byte === 7) === true && kept.length === 65_536).to.equal(true)
        kept?.fill(9)
        expect(store.body(CLUSTER, digestOf('large'))?.[0]).to.equal(7)
      })

      it('keeps a state that several heights share', () => {
        for (const height of [1, 2]) {
          const { stored, bodies } = decidedHeight(height, 'the same')
          store.decide(CLUSTER, stored, bodies)
        }
        expect(store.heights(CLUSTER, 1, 2).map(({ state }) => Buffer.from(state).toString())).to.deep.equal([
          'the same',
          'the same',
        ])
      })

      it('changes nothing when a height is repeated, and refuses another value for it', () => {
        const { stored, bodies } = decidedHeight(1)
        store.decide(CLUSTER, stored, bodies)
        const later = { ...stored, decided: { ...stored.decided, inputs: [] }, round: 2 }
        store.decide(CLUSTER, later, new Map())
        expect(store.heights(CLUSTER, 1, 1)).to.deep.equal([stored])
        const forked = { ...stored, value: digestOf('another') }
        expect(() => store.decide(CLUSTER, forked, bodies)).to.throw(InvariantError)
        expect(store.heights(CLUSTER, 1, 1)).to.deep.equal([stored])
      })
    })

    describe('loading', () => {
      it('of nothing gives nothing', () => {
        expect(store.load(CLUSTER)).to.deep.equal(NOTHING)
      })

      it('gives objects and proofs above the last decided height, every CHECKPOINT, and the CLOSE', () => {
        for (const height of [1, 2]) {
          store.signOnce(requestOf(status(height)))
          store.signOnce(requestOf(share(height, 0)))
          store.signOnce(requestOf(confirm(height, 0), { proof: quorum(height, 0) }))
          store.signOnce(requestOf(checkpoint(height)))
        }
        store.signOnce(requestOf(confirm(2, 1), { proof: quorum(2, 1) }))
        store.signOnce(requestOf({ type: 'close' }))
        store.decide(CLUSTER, decidedHeight(1).stored, new Map())
        reopen()
        const task = store.load(CLUSTER)
        const objects: ProtocolObject[] = [
          status(2),
          share(2, 0),
          confirm(2, 0),
          confirm(2, 1),
          checkpoint(1),
          checkpoint(2),
          { type: 'close' },
        ]
        expect(task.signed).to.have.deep.members(objects.map((object) => signed(object)))
        expect(task.proofs).to.have.deep.members([quorum(2, 0), quorum(2, 1)])
      })

      it('keeps the note to a CHECKPOINT over later decisions, and that of the first request', () => {
        const note = (bytes: string): SignRequest['kept'] => ({ ...KEPT_NOTHING, note: `0x${bytes}` })
        store.signOnce(requestOf(checkpoint(1), { kept: note('0102') }))
        store.signOnce(requestOf(checkpoint(1), { kept: note('03') }))
        store.signOnce(requestOf(checkpoint(2)))
        for (const height of [1, 2, 3]) store.decide(CLUSTER, decidedHeight(height).stored, new Map())
        reopen()
        expect([...store.load(CLUSTER).notes]).to.deep.equal([[1, '0x0102']])
      })

      it('finds the own CHECKPOINT of a height, with its note', () => {
        const note: SignRequest['kept'] = { ...KEPT_NOTHING, note: '0x0102' }
        expect(store.checkpoint(CLUSTER, 2)).to.equal(null)
        store.signOnce(requestOf(checkpoint(2), { kept: note }))
        store.signOnce(requestOf(checkpoint(4)))
        for (const height of [1, 2, 3, 4]) store.decide(CLUSTER, decidedHeight(height).stored, new Map())
        reopen()
        const found = [2, 3, 4].map((height) => store.checkpoint(CLUSTER, height))
        expect(found).to.deep.equal([
          { signed: signed(checkpoint(2)), note: '0x0102' },
          null,
          { signed: signed(checkpoint(4)), note: null },
        ])
        expect(store.checkpoint(OTHER_CLUSTER, 2)).to.equal(null)
      })

      it('keeps the proof of the first request', () => {
        store.signOnce(requestOf(confirm(1, 0), { proof: quorum(1, 0) }))
        store.signOnce(requestOf(confirm(1, 0), { proof: { ...quorum(1, 0), shares: [] } }))
        expect(store.load(CLUSTER).proofs).to.deep.equal([quorum(1, 0)])
      })
    })

    describe('evidence', () => {
      const pair: Evidence = {
        kind: 'E1',
        first: signed(confirm(1, 0), 2),
        second: signed(confirm(1, 0, 'b'), 2),
      }
      const vote: Evidence = { kind: 'E3', vote: signed(share(2, 1), 1) }
      const state = new Uint8Array(Buffer.from('input'))
      const reduction: Evidence = {
        kind: 'E4',
        share: signed(share(3, 0), 3),
        inputs: [{ status: signed(status(3, 'input'), 0), state }],
        closes: [signed({ type: 'close' }, 2)],
        confirms: [signed(confirm(3, 0), 1)],
      }
      const log: Evidence = {
        kind: 'E2',
        form: 'illegal',
        checkpoint: signed(checkpoint(4), 1),
        headBefore: digestOf('head'),
        entries: entries(4, 1, 3),
      }
      const fork: Evidence = {
        kind: 'E2',
        form: 'forked',
        first: signed(checkpoint(3), 1),
        second: signed(checkpoint(4), 1),
        headBefore: digestOf('head'),
        entries: [],
      }
      const amnesia: Evidence = {
        kind: 'E1b',
        confirm: signed(confirm(1, 0), 3),
        share: signed(share(1, 1), 3),
      }

      it('of every kind is read back as it was, oldest first, also by the next process', () => {
        const all = [pair, amnesia, log, fork, vote, reduction]
        for (const evidence of all) expect(store.keepEvidence(CLUSTER, evidence)).to.equal(true)
        reopen()
        expect(store.evidence(CLUSTER)).to.deep.equal(
          all.map((evidence) => ({ id: evidenceId(evidence), evidence, status: 'found', tx: null })),
        )
        expect(store.evidence(OTHER_CLUSTER)).to.deep.equal([])
      })

      it('is kept once, in whichever order a pair was found', () => {
        expect(store.keepEvidence(CLUSTER, pair)).to.equal(true)
        expect(store.keepEvidence(CLUSTER, { ...pair, first: pair.second, second: pair.first })).to.equal(
          false,
        )
        expect(store.keepEvidence(OTHER_CLUSTER, vote)).to.equal(true)
        expect(store.evidence(CLUSTER)).to.have.length(1)
      })

      it('remembers how far it has come, so that it is not submitted twice', () => {
        store.keepEvidence(CLUSTER, pair)
        store.keepEvidence(CLUSTER, vote)
        store.markEvidence(CLUSTER, evidenceId(pair), 'submitted', null)
        store.markEvidence(CLUSTER, evidenceId(pair), 'accepted', digestOf('tx'))
        store.keepEvidence(CLUSTER, pair)
        store.markEvidence(CLUSTER, digestOf('unknown'), 'refused', null)
        reopen()
        expect(store.evidence(CLUSTER).map(({ status: at, tx }) => [at, tx])).to.deep.equal([
          ['accepted', digestOf('tx')],
          ['found', null],
        ])
      })
    })

    describe('chain cursor and outbox', () => {
      it('remembers the last cursor', () => {
        expect(store.cursor()).to.equal(null)
        store.setCursor(7, digestOf('7'))
        store.setCursor(5, digestOf('5'))
        reopen()
        expect(store.cursor()).to.deep.equal({ block: 5, hash: digestOf('5') })
      })

      const intent = (id: string): OutboxEntry => ({ id, to: `0x${'cc'.repeat(20)}`, data: '0x1234' })

      it('keeps entries in order until they are settled', () => {
        for (const id of ['b', 'a', 'c']) store.enqueue(intent(id))
        store.settle('a')
        reopen()
        expect(store.outbox()).to.deep.equal([intent('b'), intent('c')])
      })

      it('takes a second entry of one name for the same intent until it is settled, then for one more', () => {
        store.enqueue(intent('a'))
        store.enqueue({ ...intent('a'), data: '0x' })
        expect(store.outbox()).to.deep.equal([intent('a')])
        store.settle('a')
        store.settle('a')
        store.settle('unknown')
        reopen()
        expect(store.outbox()).to.be.empty
        store.enqueue({ ...intent('a'), data: '0x' }) // a re-org took back what the first had done
        reopen()
        expect(store.outbox()).to.deep.equal([{ ...intent('a'), data: '0x' }])
        store.settle('a')
        expect(store.outbox()).to.be.empty
      })
    })

    describe('opening', () => {
      it('is refused while another store has the place', () => {
        expect(failureOf(() => place.open())).to.deep.include({ code: 'E_LOCKED', exit: EXIT.busy })
        store.signOnce(requestOf(share(1, 0))) // the refusal did not cost the first its lock
        expect(failureOf(() => place.open())).to.deep.include({ code: 'E_LOCKED' })
        reopen()
        expect(store.load(CLUSTER).signed).to.have.length(1)
      })

      it('is refused for another key or deployment, and changes nothing', () => {
        store.signOnce(requestOf(share(1, 0)))
        store.close()
        const strangers = [
          { ...OWNER, key: `0x${'b0'.repeat(20)}` } as const,
          { ...OWNER, deploymentId: digestOf('restarted') },
        ]
        for (const owner of strangers) {
          expect(failureOf(() => place.open(owner))).to.deep.include({
            code: 'E_STORE_FOREIGN',
            exit: EXIT.precondition,
          })
        }
        store = place.open()
        expect(store.load(CLUSTER).signed).to.have.length(1)
      })

      it('closes twice, and is of no use after that', () => {
        store.close()
        store.close()
        expect(() => store.load(CLUSTER)).to.throw(InvariantError)
        expect(() => store.signOnce(requestOf(share(1, 0)))).to.throw(InvariantError)
        const second = place.open()
        store.close() // does not take the lock of the next one
        expect(failureOf(() => place.open())).to.deep.include({ code: 'E_LOCKED' })
        second.close()
      })
    })

    it('never returns two objects for one key, whatever is asked and however often it restarts', function () {
      this.timeout(60_000)
      const step = fc.oneof(
        fc.record({
          kind: fc.constant('sign' as const),
          height: fc.integer({ min: 1, max: 3 }),
          round: fc.integer({ min: 0, max: 1 }),
          vote: fc.boolean(),
          state: fc.constantFrom('a', 'b', 'c'),
        }),
        fc.record({ kind: fc.constant('restart' as const) }),
        fc.record({ kind: fc.constant('decide' as const), height: fc.integer({ min: 1, max: 2 }) }),
      )
      const run = fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        const here = createPlace()
        const given = new Map<string, Signed>()
        let decided = 0
        let open = here.open()
        try {
          for (const next of steps) {
            if (next.kind === 'restart') {
              open.close()
              open = here.open()
            } else if (next.kind === 'decide') {
              const { stored, bodies } = decidedHeight(next.height)
              open.decide(CLUSTER, stored, bodies)
              decided = Math.max(decided, next.height)
            } else {
              const { height, round, vote, state } = next
              const object = vote ? share(height, round, state) : confirm(height, round, state)
              const request = requestOf(object)
              const answer = open.signOnce(request)
              expect(answer).to.deep.equal(given.get(request.key) ?? signed(object))
              expect(request.calls).to.equal(given.has(request.key) ? 0 : 1)
              given.set(request.key, answer)
            }
            const above = [...given.values()].filter(
              ({ object }) => 'height' in object && object.height > decided,
            )
            expect(open.load(CLUSTER).signed).to.have.deep.members(above)
          }
        } finally {
          open.close()
          here.remove()
        }
      })
      fc.assert(run, { numRuns: 60 })
    })
  })
}

function checkpoint(height: number): Checkpoint {
  const log = { logSeq: 2 ** 40, logHead: digestOf('head') }
  return { type: 'checkpoint', height, root: digestOf('root'), ...log, inputsHash: digestOf('inputs') }
}

/** Code and exit of the RsdpError that a call throws. */
function failureOf(call: () => unknown): { code: string; exit: number } {
  try {
    call()
  } catch (error) {
    if (error instanceof RsdpError) return { code: error.code, exit: error.exit }
    throw error
  }
  throw new Error('nothing was thrown')
}

describeStore('memory', () => {
  const disk = new MemoryDisk()
  return { open: (owner = OWNER) => disk.open(owner), remove: () => undefined }
})

describeStore('sqlite', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'rsdp-store-'))
  return {
    open: (owner = OWNER) => openStore({ dataDir, ...owner }),
    remove: () => rmSync(dataDir, { recursive: true }),
  }
})
