import { expect } from 'chai'
import { cryptoFor, restoreCrypto } from '../../src/cli/commands/sim-crypto.ts'
import type { ScenarioOptions } from '../../src/sim/scenario.ts'
import { hunt } from './mutants/load.ts'
import { MUTANTS } from './mutants/mutants.ts'

/** Which fault of ours, in which worlds, and as what the judge sees it. */
const CASES: readonly {
  readonly mutant: keyof typeof MUTANTS
  readonly options: Partial<ScenarioOptions>
  readonly kinds: readonly string[]
}[] = [
  { mutant: 'quorumOfTwoThirds', options: { nodes: 6 }, kinds: ['bad-list', 'invalid-decision'] },
  { mutant: 'signsAgain', options: { nodes: 4 }, kinds: ['signed-twice', 'honest-convicted', 'stuck'] },
  {
    mutant: 'noSeal',
    options: { nodes: 4, rollbacks: true },
    kinds: ['signed-twice', 'honest-convicted', 'stuck'],
  },
  { mutant: 'staysListed', options: { nodes: 5 }, kinds: ['invalid-decision', 'stuck', 'honest-convicted'] },
  { mutant: 'weightHeard', options: { nodes: 4 }, kinds: ['invalid-decision', 'disagreement'] },
  {
    mutant: 'inputsUnbound',
    options: { nodes: 4, liar: 'equivocate-status' },
    // where inputs are published their hash is signed, so that no quorum signs one CHECKPOINT
    kinds: ['invalid-decision', 'not-anchored'],
  },
  { mutant: 'shortLists', options: { nodes: 4 }, kinds: ['bad-list'] },
  { mutant: 'waitsForListed', options: { nodes: 4 }, kinds: ['left-out'] },
  {
    mutant: 'joinsOnce',
    options: { nodes: 4, heights: 2, reorgs: true },
    kinds: ['no-cluster', 'not-joined'],
  },
  {
    mutant: 'provesOnce',
    options: { nodes: 4, heights: 1, liar: 'equivocate-status', reorgs: true },
    kinds: ['not-convicted'],
  },
  {
    mutant: 'republishesOnce',
    options: { nodes: 4, reorgs: true },
    kinds: ['not-done-again'],
  },
  {
    mutant: 'parentsAlike',
    options: { nodes: 4 },
    kinds: ['honest-convicted', 'convictable', 'judges-differ'],
  },
  { mutant: 'signsUnsent', options: { nodes: 4 }, kinds: ['signed-unseen'] },
  { mutant: 'shortListsUnseen', options: { nodes: 4 }, kinds: ['convictable'] },
  {
    mutant: 'believesAnyone',
    options: { nodes: 4, liar: 'forger' },
    kinds: ['honest-convicted', 'invalid-decision'],
  },
]

describe('broken engines', () => {
  // the hash of the other seeds: mutants are hunted over many
  before(() => void cryptoFor(1))
  after(restoreCrypto)

  for (const { mutant, options, kinds } of CASES) {
    it(`are seen: ${MUTANTS[mutant].name}`, async () => {
      const found = await hunt(MUTANTS[mutant], { heights: 5, ...options }, 60)
      expect(found.seeds, 'seeds until it is seen').not.to.equal(null)
      expect(found.kinds.filter((kind) => kinds.includes(kind))).not.to.deep.equal([])
    })
  }
})
