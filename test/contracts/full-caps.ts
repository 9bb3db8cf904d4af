import { expect } from 'chai'
import { dataLength, hexlify, id, keccak256 } from 'ethers'
import { network } from 'hardhat'
import type { BaseContract } from 'ethers'
import { after, report, valueOf } from './evidence.ts'
import { accusation, packEvents, provable } from './provable.ts'
import { deployWorld, registeredMany } from './world.ts'

const connection = await network.create()
/** EIP-7825: most gas of a transaction; and what clients pass on. */
const GAS_MAX = 16_777_216
const CALLDATA_MAX = 128 * 1024
const MEMBERS = 31
const EVENT = `0x${'e5'.repeat(1024)}`
const EVENTS = 15
const STATE_BYTES = 1024

describe('A proof at full caps', function () {
  this.timeout(300_000)

  it('M-3: fits into a transaction: 31 members, all ledger events, 31 KiB of states, 31 KiB of the state before', async () => {
    const w = await deployWorld(connection)
    const actors = await registeredMany(w, MEMBERS)
    const caps = { stateCap: 31_744n, inputCap: BigInt(STATE_BYTES), maxEvents: 17n, stallBlocks: 400n }
    const c = await provable(w, actors, { ...caps, usesPrevious: true })
    for (let i = 0; i < EVENTS; i += 1) await c.story.post(EVENT)
    const inputs = actors.map((_, member) => ({
      ...{ member, eventSeq: 0 },
      state: hexlify(new Uint8Array(STATE_BYTES).fill(member + 1)),
    }))
    const before = { state: `0x${'0b'.repeat(31_744)}`, inputsRoot: id('list'), inputs: 31n, eventSeq: 1 }
    const opened = { ...before, eventsHash: id('e'), root: id('root') }
    const parent = after(opened.root, valueOf({ ...opened, stateHash: keccak256(opened.state) }))
    const seen = c.story.eventsHashes.length - 1
    const share = {
      ...{ parent, stateHash: id('wrong'), eventSeq: seen, eventsHash: c.story.eventsHashes[seen]! },
    }
    const originator = await w.client.getAddress()
    const posted = ['0x6669727374', '0x7365636f6e64', ...Array.from({ length: EVENTS }, () => EVENT)]
    const events = packEvents(posted.map((data) => ({ originator, data })))
    const confirmers = actors.map((_, i) => i)
    const { name, args } = await accusation(c, { inputs, share, confirmers, previous: opened.state })
    const proof = { name, args: args.with(7, events).with(9, opened) }
    const data = (w.slasher as BaseContract).interface.encodeFunctionData(name, proof.args)
    const receipt = await (await report(w, w.mallory, proof)).wait()
    expect(dataLength(data)).to.be.below(CALLDATA_MAX)
    expect(receipt!.gasUsed).to.be.below(GAS_MAX)
  })
})
