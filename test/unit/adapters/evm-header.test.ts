import { expect } from 'chai'
import { decodeRlp } from 'ethers'
import { rebuildHeader, requireHeader } from '../../../src/adapters/evm/header.ts'
import { mixHashOf } from '../../../src/audit/header.ts'
import { keccak, utf8Hex } from '../../../src/codec/hex.ts'
import type { Hex } from '../../../src/types/ids.ts'
import { madeHeader } from '../../helpers/headers.ts'

const MIX_HASH = keccak(utf8Hex('randomness'))
const NAMES = [
  ...['parentHash', 'sha3Uncles', 'miner', 'stateRoot', 'transactionsRoot', 'receiptsRoot', 'logsBloom'],
  ...['difficulty', 'number', 'gasLimit', 'gasUsed', 'timestamp', 'extraData', 'mixHash', 'nonce'],
  ...[
    'baseFeePerGas',
    'withdrawalsRoot',
    'blobGasUsed',
    'excessBlobGas',
    'parentBeaconBlockRoot',
    'requestsHash',
  ],
]
const QUANTITIES: ReadonlySet<string> = new Set([
  'difficulty',
  'number',
  'gasLimit',
  'gasUsed',
  'timestamp',
  'baseFeePerGas',
  'blobGasUsed',
  'excessBlobGas',
])

/** A block as an endpoint serves it whose header has these fields. */
function served(header: Hex): Record<string, unknown> {
  const fields = decodeRlp(header) as string[]
  const text = (name: string, value: string): string =>
    QUANTITIES.has(name) ? `0x${BigInt(value === '0x' ? 0 : value).toString(16)}` : value
  const named = fields.map((value, i): [string, unknown] => [NAMES[i]!, text(NAMES[i]!, value)])
  const block: Record<string, unknown> = Object.fromEntries(named)
  return {
    ...block,
    hash: keccak(header),
    size: '0x267',
    uncles: [],
    transactions: [],
    totalDifficulty: '0x0',
  }
}

const FORKS: readonly (readonly [fork: string, appended: readonly Hex[]])[] = [
  ['London', []],
  ['Shanghai', [keccak('0x01')]],
  ['Cancun', [keccak('0x01'), '0x', '0x0400', keccak('0x02')]],
  ['Prague', [keccak('0x01'), '0x', '0x', keccak('0x02'), keccak('0x03')]],
]

describe('A header from what an endpoint serves', () => {
  for (const [fork, appended] of FORKS) {
    it(`is rebuilt by the fields of ${fork}`, () => {
      const header = madeHeader({ mixHash: MIX_HASH, appended })
      expect(rebuildHeader(served(header))).to.deep.equal({ header, fork })
      expect(mixHashOf(header)).to.equal(MIX_HASH)
    })
  }

  it('is refused if its hash does not come out: a field changed, missing, or unknown', () => {
    const header = madeHeader({ mixHash: MIX_HASH, appended: FORKS[3]![1] })
    const block = served(header)
    for (const name of NAMES) {
      expect(rebuildHeader({ ...block, [name]: undefined }), name).to.equal(null)
      expect(rebuildHeader({ ...block, [name]: '0x11' }), name).to.equal(null)
      expect(rebuildHeader({ ...block, [name]: 'x' }), name).to.equal(null)
    }
    const newer = madeHeader({ mixHash: MIX_HASH, appended: [...FORKS[3]![1], keccak('0x04')] })
    const unknown = { ...served(header), hash: keccak(newer) }
    expect(() => requireHeader(unknown))
      .to.throw()
      .with.property('code', 'E_HEADER')
    // the contract and the audit read it all the same
    expect(mixHashOf(newer)).to.equal(MIX_HASH)
  })
})
