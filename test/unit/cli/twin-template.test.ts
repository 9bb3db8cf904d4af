import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { TWIN_FILES } from '../../../src/cli/app/twin-template.ts'

const read = (path: string): string =>
  readFileSync(fileURLToPath(new URL(`../../../${path}`, import.meta.url)), 'utf8')

/** What the compiler is told to make of a source, its version aside: neither comments nor line ends. */
const meaning = (source: string): string =>
  source
    .replaceAll(/\/\/.*|\/\*[\s\S]*?\*\//g, '')
    .replace(/pragma solidity [^;]+;/, '')
    .replaceAll(/\s+/g, ' ')
    .trim()

const CONTRACT = read('contracts/interfaces/IReducer.sol')
const COPIES: readonly (readonly [name: string, source: string])[] = [
  ['the template’s copy', TWIN_FILES.get('IReducer.sol') ?? ''],
  ['the ballot’s copy', read('examples/ballot/app/IReducer.sol')],
]

describe('copies of the interface that twins are asked by', () => {
  it('a comparison sees fields, their order, names and mutability, and no comment', () => {
    expect(meaning(CONTRACT)).includes('interface IReducer { struct Member { address key; uint16 weight; }')
    expect(meaning(CONTRACT)).not.includes('@')
    for (const [from, to] of [
      ['uint16 weight;', 'uint32 weight;'],
      ['bytes32 seed;', ''],
      ['bytes calldata params, bytes calldata state', 'bytes calldata state, bytes calldata params'],
      ['external view', 'external pure'],
    ] as const)
      expect(meaning(CONTRACT.replace(from, to)), from).not.equal(meaning(CONTRACT))
    expect(meaning(CONTRACT.replace('/// @notice', '/// @dev'))).equal(meaning(CONTRACT))
  })

  for (const [name, source] of COPIES)
    it(`${name} is the contract’s`, () => expect(meaning(source)).equal(meaning(CONTRACT)))
})
