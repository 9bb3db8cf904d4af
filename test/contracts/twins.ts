import { expect } from 'chai'
import { network } from 'hardhat'
import { fromHex } from '../../src/codec/hex.ts'
import type { Hex } from '../../src/types/ids.ts'
import { answerOf, firstDifference } from '../helpers/twin-answers.ts'
import { twinCase } from '../helpers/twin-cases.ts'
import type { TwinCase } from '../helpers/twin-cases.ts'
import { ROOMY, TWINNED_IDS, deployTwinChain } from '../helpers/twin-chain.ts'
import vectors from '../vectors/reducers.json' with { type: 'json' }

/** More of them, from number 1: npm run twins. */
const FIRST = 20_261_121
const CASES = 400
const BATCH = 8

const connection = await network.create({ override: ROOMY })
const chain = await deployTwinChain(connection)

function caseOf({ params, seed, inputs, events, state, remaining }: (typeof vectors)[number]): TwinCase {
  const brought = inputs.map((input) => ({ member: input.member, state: fromHex(input.state as Hex) }))
  return {
    params: fromHex(params as Hex),
    seed: seed as Hex,
    height: 1,
    members: [],
    previous: new Uint8Array(),
    inputs: brought,
    events: events.map((event) => ({ kind: 'posted', data: fromHex(event as Hex) })),
    current: fromHex(state as Hex),
    remaining: brought.filter(({ member }) => remaining.some((one) => one === member)),
  }
}

/** How the harness packs an answer. */
const answered = (state: string): string =>
  `01${(state.length / 2 - 1).toString(16).padStart(4, '0')}${state.slice(2)}`

/** Each byte once 0, once 255 and once with its last bit flipped. */
const spoilt = (bytes: Uint8Array): Uint8Array[] =>
  [...bytes].flatMap((byte, at) => [0, 255, byte ^ 1].map((other) => bytes.with(at, other)))

const halvesSwapped = (bytes: Uint8Array): Uint8Array =>
  Buffer.concat([bytes.subarray(bytes.length / 2), bytes.subarray(0, bytes.length / 2)])

describe('Twins of the reducers', () => {
  for (const reducer of TWINNED_IDS) {
    it(`${reducer} answers as TypeScript does, to sound and to malformed cases`, async () => {
      for (let done = 0; done < CASES; done += BATCH) {
        const cases = Array.from({ length: BATCH }, (_, i) => twinCase(reducer, FIRST + done + i))
        const asked = chain.ask(reducer, cases)
        const expected = cases.map((one) => answerOf(reducer, one))
        expect(firstDifference(expected, await asked), `from case ${FIRST + done}`).to.equal(null)
      }
    }).timeout(300_000)

    it(`${reducer} gives what the vectors say`, async () => {
      const own = vectors.filter((vector) => vector.reducer === reducer)
      expect(own).not.to.be.empty
      for (const vector of own) {
        const accepted = vector.inputs.map(() => '01').join('')
        const answer = fromHex(`0x${accepted}${answered(vector.state)}${answered(vector.closed)}`)
        expect(firstDifference([answer], await chain.ask(reducer, [caseOf(vector)]))).to.equal(null)
      }
    })

    it(`${reducer} judges params, inputs and states as TypeScript does, whichever byte is another`, async () => {
      const sound = caseOf(vectors.find((one) => one.reducer === reducer && one.inputs.length > 0)!)
      const [input] = sound.inputs
      const cases = [
        ...spoilt(sound.params).map((params) => ({ ...sound, params })),
        // where no input can be refused, the params are: their bounds are the wrong way round
        { ...sound, params: halvesSwapped(sound.params), inputs: [] },
        ...spoilt(input!.state).map((state) => ({ ...sound, inputs: [{ ...input!, state }] })),
        ...spoilt(sound.current).map((current) => ({ ...sound, current })),
        ...spoilt(input!.state).map((state) => ({ ...sound, remaining: [{ ...input!, state }] })),
      ]
      for (let done = 0; done < cases.length; done += BATCH) {
        const batch = cases.slice(done, done + BATCH)
        const expected = batch.map((one) => answerOf(reducer, one))
        const difference = firstDifference(expected, await chain.ask(reducer, batch))
        expect(difference, `from case ${done}`).to.equal(null)
      }
    })

    it(`${reducer} stays below the size limit`, async () => {
      const code = await connection.ethers.provider.getCode(chain.addresses[reducer])
      expect((code.length - 2) / 2).to.be.lessThanOrEqual(24_576)
    })
  }
})
