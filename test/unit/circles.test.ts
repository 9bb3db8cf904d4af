import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { circles, filesImported } from '../helpers/import-circles.ts'
import { layerOf } from '../helpers/layers.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Layers in which files still import types of each other in a circle. None may be added. */
const TYPE_CIRCLES_LEFT = ['adapters/evm', 'adapters/memory', 'audit', 'sim']

describe('circles of imports', function () {
  this.timeout(60_000)
  const files = globSync('{src,examples,scripts}/**/*.ts', { cwd: root })
  const sources = new Map(files.map((file) => [file, readFileSync(`${root}/${file}`, 'utf8')]))
  const graph = (withTypes: boolean): Map<string, string[]> =>
    new Map(
      [...sources].map(([file, source]) => [
        file,
        filesImported(file, source, ({ typeOnly }) => withTypes || !typeOnly),
      ]),
    )

  it('finds them: two files, three, one alone, and two that share a file', () => {
    const of = (edges: Readonly<Record<string, string[]>>): string[][] =>
      circles(new Map(Object.entries(edges)))
    expect(of({ a: ['b'], b: ['c'], c: [] })).deep.equal([])
    expect(of({ a: ['b'], b: ['a'], c: ['a'] })).deep.equal([['a', 'b']])
    expect(of({ c: ['a'], a: ['b'], b: ['c'] })).deep.equal([['a', 'b', 'c']])
    expect(of({ a: ['a', 'gone'] })).deep.equal([['a']])
    expect(of({ a: ['b', 'c'], b: ['a'], c: ['d'], d: ['c'] })).deep.equal([
      ['a', 'b'],
      ['c', 'd'],
    ])
  })

  it('none at run time', () => expect(circles(graph(false))).deep.equal([]))

  it('none of types between layers, and no new one within a layer', () => {
    const layers = circles(graph(true)).map((circle) => [...new Set(circle.map(layerOf))])
    for (const circle of layers) expect(circle).length(1)
    expect([...new Set(layers.flat())].sort()).deep.equal(TYPE_CIRCLES_LEFT)
  })

  it('nothing in src imports tests; scripts may, and tests import scripts only to test them', () => {
    for (const [file, source] of sources)
      if (!file.startsWith('scripts/'))
        expect(
          filesImported(file, source, () => true).filter((to) => to.startsWith('test/')),
          file,
        ).deep.equal([])
  })
})
