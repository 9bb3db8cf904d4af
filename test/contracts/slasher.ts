import { expect } from 'chai'
import { ZeroHash, concat, dataLength, dataSlice, getAddress, id, toBeHex } from 'ethers'
import { network } from 'hardhat'
import type { Brought, Entry, Proof, Spoilt, TypeName, Values } from './evidence.ts'
import {
  HOLDS,
  NIL_SHARE,
  OBJECT,
  PLAIN,
  TYPES,
  bring,
  foldEntries,
  judge,
  malleated,
  packEntries,
  proofOf,
  report,
  roundOf,
  valueOf,
} from './evidence.ts'
import { refused } from './refused.ts'
import type { Story, World } from './world.ts'
import { NOBODY, deployWorld, label, publish, registeredMany, running } from './world.ts'

const connection = await network.create()
const { loadFixture } = connection.networkHelpers
const TYPE_NAMES = Object.keys(TYPES) as TypeName[]
const BEFORE = id('before')

async function seven() {
  const w = await deployWorld(connection)
  const actors = await registeredMany(w, 7)
  return { w, actors, story: await running(w, actors, { epochHeights: 8 }) }
}

const nothing = (w: World, proof: Proof, rule: string) =>
  refused(judge(w, proof), w.slasher, 'ProvesNothing', label(rule))

const pair = (
  story: Story,
  name: Proof['name'],
  first: Brought,
  second: Brought,
  more: unknown[] = [],
): Proof => ({
  name,
  args: [story.taskId, 0, first.fields, first.signature, second.fields, second.signature, ...more],
})

const twice = (story: Story, type: TypeName, first: Values, second: Values): Proof => {
  const [one, two] = [bring(story, 0, type, first), bring(story, 0, type, second)]
  const objects = [one.fields, one.signature, two.fields, two.signature]
  return { name: 'equivocation', args: [story.taskId, 0, OBJECT[type], ...objects] }
}

describe('Slasher', () => {
  describe('every entry point', () => {
    for (const name of Object.keys(HOLDS) as (keyof typeof HOLDS)[]) {
      const signatures = name === 'illegalLog' || name === 'unjustifiedVote' ? 1 : 2

      /** The proof with one of its signatures spoilt. */
      const spoil = (story: Story, at: number, spoilt: Spoilt): Proof => {
        let i = 0
        return HOLDS[name](story, 0, (type, changes) =>
          bring(story, 0, type, changes, i++ === at ? spoilt : {}),
        )
      }

      it(`${name}: refuses tasks without a cluster and seats that do not exist`, async () => {
        const { w, story } = await loadFixture(seven)
        const open = await publish(w)
        const { args } = proofOf(story, 0, name)
        for (const task of [open, 77n]) {
          const proof = { name, args: [task, ...args.slice(1)] }
          await refused(judge(w, proof), w.slasher, 'NoSuchMember', 0, 0)
        }
        for (const member of [7, 31, 255]) {
          const proof = { name, args: [story.taskId, member, ...args.slice(2)] }
          await refused(judge(w, proof), w.slasher, 'NoSuchMember', member, 7)
        }
      })

      it(`${name}: refuses malformed signatures`, async () => {
        const { w, story } = await loadFixture(seven)
        const key = story.members[0]!.keyAddress
        const malformed: ((signature: string) => string)[] = [
          malleated,
          (s) => concat([dataSlice(s, 0, 64), toBeHex(BigInt(dataSlice(s, 64)) - 27n, 1)]),
          (s) => dataSlice(s, 0, 64),
          (s) => concat([s, '0x00']),
          () => '0x',
          () => `0x${'00'.repeat(65)}`,
        ]
        for (let at = 0; at < signatures; at++) {
          for (const after of malformed) {
            await refused(judge(w, spoil(story, at, { after })), w.slasher, 'NotSignedBy', 0, NOBODY, key)
          }
        }
      })

      it(`${name}: refuses what another key signed, or this one elsewhere`, async () => {
        const { w, story } = await loadFixture(seven)
        const other = await running(w, story.members)
        const [alice, bob] = story.members
        const elsewhere: Spoilt[] = [
          { domain: { name: 'RSDQ' } },
          { domain: { version: '1' } },
          { domain: { chainId: 1 } },
          { domain: { verifyingContract: await w.registry.getAddress() } },
          { domain: { salt: id('another deployment') } },
          { cluster: other.cluster },
          { cluster: ZeroHash },
        ]
        for (let at = 0; at < signatures; at++) {
          const byBob = judge(w, spoil(story, at, { key: bob!.key }))
          await refused(byBob, w.slasher, 'NotSignedBy', 0, bob!.keyAddress, alice!.keyAddress)
          for (const spoilt of elsewhere) {
            const call = judge(w, spoil(story, at, spoilt))
            await expect(call).to.be.revertedWithCustomError(w.slasher, 'NotSignedBy')
          }
        }
        const swapped = { name, args: [story.taskId, 1, ...proofOf(story, 0, name).args.slice(2)] }
        await refused(judge(w, swapped), w.slasher, 'NotSignedBy', 1, alice!.keyAddress, bob!.keyAddress)
        await judge(w, proofOf(story, 0, name))
      })

      it(`${name}: says whom it convicted of what, by which evidence`, async () => {
        const { w, story } = await loadFixture(seven)
        const response = await report(w, w.mallory, proofOf(story, 0, name))
        const [event] = await w.slasher.queryFilter(w.slasher.filters.Convicted(story.taskId))
        const offence = { equivocation: 1, amnesia: 2, illegalLog: 3, forkedLog: 3, unjustifiedVote: 4 }[name]
        const { args } = event!
        expect([args.member, args.offence, args.reporter]).to.deep.equal([
          0n,
          BigInt(offence),
          await w.mallory.getAddress(),
        ])
        expect(args.evidence).to.equal(response.data)
        expect(args.height).to.equal(name === 'forkedLog' ? 4n : 3n)
        const hashes: string[] = []
        HOLDS[name](story, 0, (type, changes) => {
          const brought = bring(story, 0, type, changes)
          hashes.push(brought.hash)
          return brought
        })
        expect([args.first, args.second]).to.deep.equal([hashes[0], hashes[1] ?? ZeroHash])
        const conviction = await w.board.convictionOf(story.taskId, 0)
        expect(conviction).to.deep.equal([args.percent, name !== 'unjustifiedVote'])
      })
    }
  })

  describe('fields', () => {
    for (const type of TYPE_NAMES) {
      const widths = TYPES[type].map((f) => Number(/\d+/.exec(f.type)![0]) * (f.type === 'bytes32' ? 8 : 1))

      it(`of ${type}: refuses another number of words`, async () => {
        const { w, story } = await loadFixture(seven)
        const { fields, signature } = bring(story, 0, type)
        const wrong = ['0x', dataSlice(fields, 32), dataSlice(fields, 1), concat([fields, ZeroHash])]
        for (const given of wrong) {
          const args = [story.taskId, 0, OBJECT[type], given, signature, fields, signature]
          const call = judge(w, { name: 'equivocation', args })
          await refused(call, w.slasher, 'BadFields', OBJECT[type], dataLength(given))
        }
      })

      it(`of ${type}: refuses words out of range, and takes the largest that are in it`, async () => {
        const { w, story } = await loadFixture(seven)
        const { fields, signature } = bring(story, 0, type)
        for (const [i, bits] of widths.entries()) {
          if (bits === 256) continue
          const signed = TYPES[type][i]!.type.startsWith('int')
          const half = 1n << BigInt(bits - 1)
          const outside = signed ? [half, 2n ** 256n - half - 1n, 2n * half] : [2n * half, 1n << 255n]
          for (const word of outside) {
            const given = concat([
              dataSlice(fields, 0, 32 * i),
              toBeHex(word, 32),
              dataSlice(fields, 32 * i + 32),
            ])
            const args = [story.taskId, 0, OBJECT[type], fields, signature, given, signature]
            const call = judge(w, { name: 'equivocation', args })
            await refused(call, w.slasher, 'BadFields', OBJECT[type], dataLength(given))
          }
        }
        const largest: Values = Object.fromEntries(
          TYPES[type].map(({ name, type: t }, i): [string, string | bigint] => {
            if (t === 'bytes32') return [name, id(name)]
            return [name, t.startsWith('int') ? -(1n << 31n) : (1n << BigInt(widths[i]!)) - 1n]
          }),
        )
        const changed =
          type === 'Hello' || type === 'Share' ? { inputs: 5n } : { [TYPES[type][1].name]: id('x') }
        const other = type === 'Confirm' ? { value: id('x') } : changed
        await judge(w, twice(story, type, largest, { ...largest, ...other }))
      })
    }

    it('refuses types that are none, and CLOSE, of which there are no two', async () => {
      const { w, story } = await loadFixture(seven)
      for (const type of [0, 6, 7, 255]) {
        for (const fields of ['0x', ZeroHash]) {
          const args = [story.taskId, 0, type, fields, '0x', fields, '0x']
          const call = judge(w, { name: 'equivocation', args })
          await refused(call, w.slasher, 'BadFields', type, dataLength(fields))
        }
      }
      const { fields, signature } = bring(story, 0, 'Confirm')
      const vote = {
        name: 'unjustifiedVote',
        args: [story.taskId, 0, OBJECT.Confirm, fields, signature],
      } as const
      await refused(judge(w, vote), w.slasher, 'BadFields', OBJECT.Confirm, 96)
    })
  })

  describe('equivocation', () => {
    it('refuses the same object twice', async () => {
      const { w, story } = await loadFixture(seven)
      for (const type of TYPE_NAMES) await nothing(w, twice(story, type, {}, {}), 'same object')
    })

    it('refuses objects with different keys: another height, another round', async () => {
      const { w, story } = await loadFixture(seven)
      for (const type of TYPE_NAMES) {
        const height = Number(PLAIN[type]['height']) + 1
        await nothing(w, twice(story, type, {}, { height }), 'sign-once key')
        if ('round' in PLAIN[type]) await nothing(w, twice(story, type, {}, { round: 9 }), 'sign-once key')
      }
    })

    for (const [type, percent] of [
      ['Hello', 5n],
      ['Status', 5n],
      ['Share', 100n],
      ['Confirm', 100n],
      ['Checkpoint', 100n],
    ] as const) {
      it(`of ${type} costs ${percent} %, in whatever order the objects come`, async () => {
        const { w, story } = await loadFixture(seven)
        const [taskId, member, kind, first, firstSignature, second, secondSignature] = proofOf(
          story,
          2,
          'equivocation',
          type,
        ).args
        const args = [taskId, member, kind, second, secondSignature, first, firstSignature]
        await report(w, w.mallory, { name: 'equivocation', args })
        expect(await w.board.convictionOf(story.taskId, 2)).to.deep.equal([percent, true])
      })
    }
  })

  describe('amnesia', () => {
    const amnesia = (story: Story, confirm: Values, share: Values): Proof =>
      pair(story, 'amnesia', bring(story, 0, 'Confirm', confirm), bring(story, 0, 'Share', share))

    it('refuses objects of two heights', async () => {
      const { w, story } = await loadFixture(seven)
      await nothing(w, amnesia(story, { height: 4 }, {}), 'height')
      await nothing(w, amnesia(story, { height: 2 }, {}), 'height')
    })

    it('refuses a NIL on either side', async () => {
      const { w, story } = await loadFixture(seven)
      await nothing(w, amnesia(story, { value: ZeroHash }, {}), 'CONFIRM of NIL')
      await nothing(w, amnesia(story, {}, NIL_SHARE), 'SHARE of NIL')
    })

    it('refuses a vote for the value that was confirmed', async () => {
      const { w, story } = await loadFixture(seven)
      await nothing(w, amnesia(story, { value: valueOf(PLAIN.Share) }, {}), 'same value')
    })

    it('refuses a vote of the round of the CONFIRM, or of an earlier one', async () => {
      const { w, story } = await loadFixture(seven)
      for (const round of [1, 2, 2 ** 32 - 1]) await nothing(w, amnesia(story, { round }, {}), 'round')
    })

    it('refuses a vote for a value that had a quorum in the round of the CONFIRM or later', async () => {
      const { w, story } = await loadFixture(seven)
      for (const validRound of [3, 4, 2 ** 31 - 1]) {
        await nothing(w, amnesia(story, { round: 3 }, { round: 5, validRound }), 'validRound')
      }
      for (const validRound of [2, 0, -1, -(2 ** 31)]) {
        await judge(w, amnesia(story, { round: 3 }, { round: 5, validRound }))
      }
      await judge(w, amnesia(story, { round: 2 ** 31 }, { round: 2 ** 31 + 1, validRound: 2 ** 31 - 1 }))
    })
  })

  describe('illegalLog', () => {
    /** The entries as the signed log's last ones. */
    const log = (story: Story, entries: readonly Entry[], changes: Values = {}): Proof => {
      const logHead = foldEntries(BEFORE, entries)
      const { fields, signature } = bring(story, 0, 'Checkpoint', {
        logSeq: entries.at(-1)?.seq ?? 0,
        logHead,
        ...changes,
      })
      return { name: 'illegalLog', args: [story.taskId, 0, fields, signature, BEFORE, packEntries(entries)] }
    }
    const LEGAL = [...roundOf(5, 3, 0), ...roundOf(9, 3, 1)]
    const changed = (at: number, change: Partial<Entry>): Entry[] =>
      LEGAL.map((entry, i) => (i === at ? { ...entry, ...change } : entry))

    it('refuses no entries, broken ones, and more than 2,048', async () => {
      const { w, story } = await loadFixture(seven)
      await nothing(w, log(story, []), 'entries')
      const { name, args } = log(story, LEGAL)
      const packed = String(args.at(-1))
      for (const entries of [dataSlice(packed, 1), concat([packed, '0x00'])]) {
        await nothing(w, { name, args: [...args.slice(0, -1), entries] }, 'entries')
      }
      const sign = (type: TypeName, changes?: Values) => bring(story, 0, type, changes)
      await nothing(w, HOLDS.illegalLog(story, 0, sign, 2049), 'entries')
      await judge(w, HOLDS.illegalLog(story, 0, sign, 2048))
    })

    it('refuses entries that do not lead to the signed head', async () => {
      const { w, story } = await loadFixture(seven)
      await nothing(w, log(story, LEGAL, { logHead: id('other') }), 'logHead')
      const { name, args } = log(story, changed(3, { event: 7 }))
      await nothing(w, { name, args: args.with(4, id('other')) }, 'logHead')
    })

    it('refuses a log in which nothing is wrong', async () => {
      const { w, story } = await loadFixture(seven)
      await nothing(w, log(story, LEGAL), 'legal')
      for (let i = 1; i < LEGAL.length; i++) await nothing(w, log(story, LEGAL.slice(i)), 'legal')
      const reset: Entry[] = [
        ...LEGAL.slice(0, 6),
        { seq: 11, from: 2, event: 8, to: 0, height: 3, round: 1 },
        { seq: 12, from: 0, event: 1, to: 1, height: 3, round: 1 },
      ]
      await nothing(w, log(story, reset), 'legal')
    })

    const WRONG: readonly (readonly [name: string, entries: readonly Entry[]])[] = [
      ['an event that does not leave from there', changed(2, { event: 6 })],
      ['an event that leads elsewhere', changed(0, { to: 3 })],
      ['an event that does not exist', changed(7, { event: 9 })],
      ['no event', changed(7, { event: 0 })],
      ['a status that does not exist', changed(7, { to: 5 })],
      ['a RESET that leads to IDLE', changed(7, { event: 8 })],
      ['a first step that does not start where the one before ended', changed(4, { from: 0, event: 1 })],
      [
        'a gap',
        LEGAL.filter((_, i) => i !== 3 && i !== 4).map((e, i) => ({ ...e, ...LEGAL[i]!, seq: e.seq })),
      ],
      ['a number twice', changed(6, { seq: 10 })],
      ['a falling height', changed(7, { height: 2, round: 9 })],
      ['a falling round', changed(7, { round: 0 })],
    ]

    it('convicts of a signed number that is not that of the last entry', async () => {
      const { w, story } = await loadFixture(seven)
      for (const logSeq of [11, 13, 0]) await judge(w, log(story, LEGAL, { logSeq }))
    })

    for (const [name, entries] of WRONG) {
      it(`convicts of ${name}`, async () => {
        const { w, story } = await loadFixture(seven)
        await report(w, w.mallory, log(story, entries))
        expect(await w.board.convictionOf(story.taskId, 0)).to.deep.equal([5n, true])
      })
    }
  })

  describe('forkedLog', () => {
    const AFTER = roundOf(13, 4, 0)

    const fork = (
      story: Story,
      options: { first?: Values; second?: Values; before?: string; entries?: readonly Entry[] } = {},
    ): Proof => {
      const { before = id('another'), entries = AFTER } = options
      const log = { height: 4, logSeq: 16, logHead: foldEntries(before, entries) }
      const first = bring(story, 0, 'Checkpoint', options.first)
      const second = bring(story, 0, 'Checkpoint', { ...log, ...options.second })
      return pair(story, 'forkedLog', first, second, [before, packEntries(entries)])
    }

    it('refuses one height, and the later log first', async () => {
      const { w, story } = await loadFixture(seven)
      await nothing(w, fork(story, { first: { height: 4 } }), 'height')
      await nothing(w, fork(story, { first: { height: 5 } }), 'height')
    })

    it('refuses logs of two epochs', async () => {
      const { w, story } = await loadFixture(seven)
      await nothing(w, fork(story, { first: { height: 8 }, second: { height: 9 } }), 'epoch')
      await nothing(w, fork(story, { first: { height: 0 } }), 'epoch')
      await judge(w, fork(story, { first: { height: 1 }, second: { height: 8 } }))
      await judge(w, fork(story, { first: { height: 9 }, second: { height: 16 } }))
    })

    it('refuses a log that extends the first', async () => {
      const { w, story } = await loadFixture(seven)
      await nothing(w, fork(story, { before: id('head') }), 'extends')
    })

    it('refuses entries that are not those after the first log', async () => {
      const { w, story } = await loadFixture(seven)
      await nothing(w, fork(story, { second: { logHead: id('other') } }), 'logHead')
      await nothing(w, fork(story, { second: { logSeq: 17 } }), 'logSeq')
      await nothing(w, fork(story, { first: { logSeq: 11 } }), 'logSeq')
      await nothing(w, fork(story, { entries: AFTER.slice(1) }), 'logSeq')
      const gap = AFTER.with(1, { ...AFTER[1]!, seq: 20 })
      await nothing(w, fork(story, { entries: gap }), 'logSeq')
      await nothing(w, fork(story, { entries: [] }), 'entries')
    })

    it('convicts of a later log that is not longer, and wants no entries for it', async () => {
      const { w, story } = await loadFixture(seven)
      for (const logSeq of [12, 11, 0]) {
        await judge(w, fork(story, { second: { logSeq }, entries: [] }))
        await nothing(w, fork(story, { second: { logSeq } }), 'entries')
      }
    })

    it('takes up to 2,048 entries', async () => {
      const { w, story } = await loadFixture(seven)
      const sign = (type: TypeName, changes?: Values) => bring(story, 0, type, changes)
      await judge(w, HOLDS.forkedLog(story, 0, sign, 2048))
      await nothing(w, HOLDS.forkedLog(story, 0, sign, 2049), 'entries')
    })
  })

  describe('unjustifiedVote', () => {
    const vote = (story: Story, type: 'Hello' | 'Share', changes: Values): Proof => {
      const { fields, signature } = bring(story, 0, type, changes)
      return { name: 'unjustifiedVote', args: [story.taskId, 0, OBJECT[type], fields, signature] }
    }

    it('refuses a list of a quorum, and convicts of one below it', async () => {
      const { w, story } = await loadFixture(seven)
      for (const type of ['Hello', 'Share'] as const) {
        for (const inputs of [0b11111, 0b1111111, 0b1111100]) {
          await nothing(w, vote(story, type, { inputs }), 'quorum')
        }
        for (const inputs of [0b1111, 1, 0b1010101]) await judge(w, vote(story, type, { inputs }))
      }
      await judge(w, vote(story, 'Hello', { inputs: 0n }))
    })

    it('refuses two thirds to the vote: exactly 2/3 is no quorum', async () => {
      const { w, actors } = await loadFixture(seven)
      const story = await running(w, actors.slice(0, 6))
      await judge(w, vote(story, 'Share', { inputs: 0b1111n }))
      await nothing(w, vote(story, 'Share', { inputs: 0b11111n }), 'quorum')
    })

    it('convicts of a stranger in the list, however many members are in it', async () => {
      const { w, story } = await loadFixture(seven)
      for (const stranger of [7, 8, 31]) {
        const inputs = 0b1111111 + 2 ** stranger
        for (const type of ['Hello', 'Share'] as const) await judge(w, vote(story, type, { inputs }))
      }
    })

    it('refuses what rests on an earlier round', async () => {
      const { w, story } = await loadFixture(seven)
      for (const validRound of [0, 3]) {
        for (const type of ['Hello', 'Share'] as const) {
          await nothing(w, vote(story, type, { round: 4, inputs: 1n, validRound }), 'not fresh')
        }
      }
    })

    it('M-2 takes a validRound that is no round before its own, of a quorum list and of NIL too', async () => {
      const { w, story } = await loadFixture(seven)
      for (const [round, validRound] of [
        [0, 0],
        [0, 7],
        [0, -2],
        [4, 4],
        [4, 2 ** 31 - 1],
      ] as const) {
        for (const type of ['Hello', 'Share'] as const)
          await judge(w, vote(story, type, { round, validRound }))
        await judge(w, vote(story, 'Share', { ...NIL_SHARE, round, validRound }))
      }
    })

    it('refuses NIL', async () => {
      const { w, story } = await loadFixture(seven)
      await nothing(w, vote(story, 'Share', NIL_SHARE), 'SHARE of NIL')
    })
  })

  it('names its board and its log', async () => {
    const { w } = await loadFixture(seven)
    expect(await w.slasher.board()).to.equal(getAddress(await w.board.getAddress()))
    expect(await w.slasher.log()).to.equal(getAddress(await w.log.getAddress()))
  })
})
