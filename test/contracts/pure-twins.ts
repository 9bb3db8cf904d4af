/** What a node takes for a pure twin, on a real EVM: it must answer the same to everybody. */
import { expect } from 'chai'
import { network } from 'hardhat'
import { readArtifact } from '../../src/adapters/evm/artifact.ts'
import { toHex } from '../../src/codec/hex.ts'
import { Random } from '../../src/faults/random.ts'
import { impurity } from '../../src/policy/twin-code.ts'
import type { Hex } from '../../src/types/ids.ts'
import { TWINS } from '../helpers/twin-chain.ts'

const SEED = 20_261_130
const CODES = 3_000
const TWIN: Hex = `0x${'7e'.repeat(20)}`
const QUESTION: Hex = `0x${'a1b2c3d4'.repeat(20)}`
/** Gas of a call: more than enough, and less. */
const [MUCH, LITTLE] = [10_000_000, 60_000]

const connection = await network.create()
const { provider } = connection

const codeOf = (name: string): Hex => readArtifact(name).deployedBytecode

describe('Pure twins', () => {
  it('are the five that the package comes with', () => {
    for (const twin of Object.values(TWINS))
      expect(impurity(codeOf(`reducers/${twin}.sol/${twin}`)), twin).equal(null)
  })

  it('C-1: are not those that lie when the slasher asks, from a block on, or once a slot is set', () => {
    expect(impurity(codeOf('dev/LyingTwin.sol/LyingTwin'))).not.equal(null)
    for (const name of ['Slasher', 'TaskBoard', 'BundleStore'])
      expect(impurity(codeOf(`${name}.sol/${name}`)), name).not.equal(null)
  })

  it('C-1: of random code, what is taken for pure answers whoever asks, whenever, and with less gas the same or nothing', async () => {
    const random = new Random(SEED)
    let answered = 0
    let differing = 0
    for (let i = 0; i < CODES; i += 1) {
      const code = randomCode(random)
      const isPure = impurity(code) === null
      // of the others a part is enough: they show that the questions tell such code apart
      if (!isPure && i % 8 !== 0) continue
      const answers = await answersOf(code)
      const kinds = new Set(answers.filter((answer) => answer !== null))
      if (isPure) expect(kinds.size, `${code}: ${answers.join()}`).at.most(1)
      if (isPure && kinds.size === 1) answered += 1
      if (!isPure && kinds.size > 1) differing += 1
    }
    expect(answered).greaterThan(200)
    expect(differing).greaterThan(20)
  }).timeout(300_000)
})

/** Answers to the same question in two states of the chain; null: none. */
async function answersOf(code: Hex): Promise<readonly (Hex | null)[]> {
  const answers: (Hex | null)[] = []
  for (const slot of [1, 2]) {
    await connection.networkHelpers.setCode(TWIN, code)
    for (const at of [0, 1]) await connection.networkHelpers.setStorageAt(TWIN, at, slot)
    await connection.networkHelpers.setBalance(TWIN, slot)
    await connection.networkHelpers.mine(1)
    const from = toHex(new Uint8Array(20).fill(slot))
    for (const gas of [MUCH, MUCH / 2, LITTLE]) answers.push(await ask(from, gas))
  }
  return answers
}

async function ask(from: Hex, gas: number): Promise<Hex | null> {
  const call = { from, to: TWIN, data: QUESTION, gas: `0x${gas.toString(16)}` }
  try {
    return (await provider.request({ method: 'eth_call', params: [call, 'latest'] })) as Hex
  } catch {
    return null
  }
}

/** Some instructions that leave something on the stack, jumps among them, and then its top is returned. */
function randomCode(random: Random): Hex {
  const code: number[] = []
  const below = (count: number): number => random.int(0, count - 1)
  for (let left = 1 + below(8); left > 0; left -= 1) {
    const kind = below(6)
    if (kind === 0) code.push(0x60, below(256))
    else if (kind === 1) code.push(0x60, below(4), 0x35)
    else if (kind === 2) code.push(0x5f, 0x5f, below(256), below(256))
    else if (kind === 3) code.push(0x60, below(2), [0x54, 0x31, 0x40, 0x51, 0x35, 0x19][below(6)]!)
    else if (kind === 4) code.push(0x60, code.length + 4, 0x56, below(256), 0x5b)
    else
      code.push(
        [0x30, 0x32, 0x33, 0x36, 0x38, 0x3a, 0x3d, 0x42, 0x43, 0x47, 0x58, 0x59, 0x5a, 0x5b, 0x20][
          below(15)
        ]!,
      )
  }
  return toHex(Uint8Array.from([...code, 0x5f, 0x52, 0x60, 0x20, 0x5f, 0xf3]))
}
