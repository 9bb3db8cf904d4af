import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import type { FolderSize } from '../helpers/browser-bundle.ts'
import { folderSize } from '../helpers/browser-bundle.ts'
import { LAYERS } from '../helpers/layers.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const KB = 1_000

/** Folders that must run in a browser: all that only compute. */
const PURE = Object.entries(LAYERS)
  .filter(([name, { nature }]) => nature === 'pure' || name === 'audit')
  .map(([name]) => `src/${name}`)
  .filter((folder) => existsSync(`${ROOT}${folder}`))

/** The table of bounds: | `src/codec` | own kB | kB with imports |. */
function boundsOf(page: string): ReadonlyMap<string, FolderSize> {
  const rows = page.matchAll(/^\| `(src\/[a-z]+)` \| (\d+) \| (\d+) \|$/gm)
  return new Map(
    [...rows].map(([, folder = '', own, all]) => [folder, { own: Number(own) * KB, all: Number(all) * KB }]),
  )
}

describe('pure folders in a browser', function () {
  this.timeout(60_000)
  const bounds = boundsOf(readFileSync(`${ROOT}docs/architecture.md`, 'utf8'))

  it('a folder that needs Node has no bundle', async () => {
    for (const [folder, needs] of [
      ['src/adapters/system', 'node:fs'],
      ['src/api', 'node:http'],
    ] as const) {
      const error: unknown = await folderSize(folder).catch((thrown: unknown) => thrown)
      expect(String(error), folder).contain(`Could not resolve "${needs}"`)
    }
  })

  it('each of them has bounds in docs/architecture.md, and nothing else has', () => {
    expect([...bounds.keys()].sort()).deep.equal(PURE.toSorted())
  })

  for (const folder of PURE)
    it(`${folder} has no built-in module of Node and keeps to its bounds`, async () => {
      const { own, all } = await folderSize(folder)
      const bound = bounds.get(folder)
      const kB = (bytes: number): string => (bytes / KB).toFixed(1)
      console.log(`      ${folder}: ${kB(own)} kB, ${kB(all)} kB with what it imports`)
      expect(own, 'its own code').within(1, bound?.own ?? 0)
      expect(all, 'with what it imports').within(own, bound?.all ?? 0)
      // a bound that is twice the size bounds nothing
      expect(bound?.all, 'the bound').below(2 * all)
    })
})
