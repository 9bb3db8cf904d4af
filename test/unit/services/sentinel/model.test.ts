import { expect } from 'chai'
import { readModel, modelHash, modelText, MODEL_BYTES_MAX } from '../../../../src/services/sentinel/model.ts'
import type { ResidualModel, TreesModel } from '../../../../src/services/sentinel/model.ts'

const residual: ResidualModel = {
  kind: 'residual@1',
  about: 'two metrics',
  lags: [0, 2],
  smooth: 3,
  centers: [0, 10, 0, 10],
  widths: [1, 1, 1, 1],
  components: [[16_384, 0, 0, 0]],
  errors: [1_024, 1_024, 1_024, 1_024],
}
const trees: TreesModel = {
  kind: 'trees@1',
  about: 'one tree',
  outputs: 1,
  features: ['a'],
  words: [[]],
  names: ['score'],
  base: [0],
  divisor: 1,
  trees: [{ features: [0, -1, -1], thresholds: [5, 0, 1], no: [2, 0, 0], values: [1, 2] }],
}

/** Changes of a model that make it none. */
const BAD: readonly (readonly [what: string, model: object])[] = [
  ['of another kind', { ...residual, kind: 'neural@1' }],
  ['without a word about itself', { ...residual, about: 7 }],
  ['with a width of nought', { ...residual, widths: [0, 1, 1, 1] }],
  ['with a fraction', { ...residual, centers: [0.5, 10, 0, 10] }],
  ['with a lag that comes twice', { ...residual, lags: [0, 0] }],
  ['whose first lag is not the present', { ...residual, lags: [1, 2] }],
  ['with a weight above one', { ...residual, components: [[16_385, 0, 0, 0]] }],
  [
    'with more components than inputs',
    { ...residual, components: Array.from({ length: 5 }, () => [0, 0, 0, 0]) },
  ],
  ['with an error of nought', { ...residual, errors: [0, 1, 1, 1] }],
  ['that averages nothing', { ...residual, smooth: 0 }],
  ['with a field more', { ...residual, extra: undefined, lags: [0, 2, 3] }],
  ['with a branch to itself', { ...trees, trees: [{ ...trees.trees[0], no: [0, 0, 0] }] }],
  ['with a branch out of the tree', { ...trees, trees: [{ ...trees.trees[0], no: [3, 0, 0] }] }],
  ['with a leaf that has no value', { ...trees, trees: [{ ...trees.trees[0], thresholds: [5, 0, 2] }] }],
  ['with a feature that no row has', { ...trees, trees: [{ ...trees.trees[0], features: [1, -1, -1] }] }],
  [
    'whose tree ends in a question',
    { ...trees, trees: [{ features: [0], thresholds: [0], no: [0], values: [1] }] },
  ],
  ['that divides by nought', { ...trees, divisor: 0 }],
  ['with a list of words too few', { ...trees, words: [] }],
]

describe('model files', () => {
  for (const [what, model] of BAD)
    it(`refuse a model ${what}`, () => {
      const text = modelText(model as TreesModel)
      expect(readModel(text, modelHash(text))).a('string')
    })

  it('refuse a text of another hash, and say both', () => {
    const text = modelText(residual)
    const pinned = modelHash(text)
    for (let at = 0; at < text.length; at += 7) {
      const tampered = `${text.slice(0, at)}${text[at] === '1' ? '2' : '1'}${text.slice(at + 1)}`
      expect(readModel(tampered, pinned), String(at)).match(/is not the pinned one/)
    }
  })

  it('refuse what is not JSON, too long, or written in another order', () => {
    for (const text of [
      '',
      '{',
      'null\n',
      '[]\n',
      '"x"\n',
      '{}\n',
      'x'.repeat(MODEL_BYTES_MAX + 1),
      `${JSON.stringify(residual)}\n`,
    ])
      expect(readModel(text, modelHash(text))).a('string')
  })

  it('read back what was written', () => {
    for (const model of [residual, trees]) {
      const text = modelText(model)
      expect(readModel(text, modelHash(text))).deep.equal(model)
    }
  })
})
