import { expect } from 'chai'
import { network } from 'hardhat'
import type { Hex } from '../../src/types/ids.ts'
import { CLUSTER, E5, E6, VECTORS, callsOf, paramsWith } from '../helpers/evidence-vectors.ts'
import { openCourt } from './court.ts'
import { refusal } from './parties.ts'

const connection = await network.create()
const { loadFixture } = connection.networkHelpers

const tried = {
  cluster: CLUSTER,
  separator: VECTORS.separator,
  params: paramsWith(VECTORS.twin),
  events: [],
}

async function court() {
  const { slasher, params, deployer } = await openCourt(connection, [1n], tried)
  const send = async (call: Hex) => (await deployer.sendTransaction({ to: slasher, data: call })).wait()
  return { slasher, params, send }
}

describe('Slasher, by vectors', () => {
  for (const { name, evidence, root, refutes, convicts } of E5) {
    it(`E5, ${name}: ${convicts ? 'convicts' : 'does not convict'}`, async () => {
      const { slasher, params, send } = await loadFixture(court)
      const [step, call] = callsOf(1n, evidence, params)
      expect(await refusal(() => send(call!)), 'before the height is refuted').to.equal('ProvesNothing')
      const refused = await refusal(() => send(step!))
      expect(refused === null).to.equal(refutes)
      expect(await slasher.isRefuted(1n, evidence.claim.height, root)).to.equal(refutes)
      if (!refutes) return
      const outcome = await refusal(() => send(call!))
      expect(outcome).to.equal(convicts ? null : 'ProvesNothing')
      const [conviction] = await slasher.queryFilter(slasher.filters.Convicted())
      if (convicts) {
        const { member, percent, first } = conviction!.args
        expect([member, percent, first]).to.deep.equal([
          BigInt(evidence.checkpoint.member),
          100n,
          evidence.checkpoint.hash,
        ])
      } else expect(conviction).to.equal(undefined)
    })
  }

  for (const { name, evidence, convicts } of E6) {
    it(`E6, ${name}: ${convicts ? 'convicts' : 'does not convict'}`, async () => {
      const { slasher, params, send } = await loadFixture(court)
      const [call] = callsOf(1n, evidence, params)
      const refused = await refusal(() => send(call!))
      expect(refused === null).to.equal(convicts)
      if (!convicts) expect(refused).to.match(/^(ProvesNothing|BadFields)$/)
      const found = await slasher.queryFilter(slasher.filters.Convicted())
      expect(found.map(({ args }) => args.percent)).to.deep.equal(convicts ? [20n] : [])
    })
  }
})
