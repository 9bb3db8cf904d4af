import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { codeHash, sourcesOf } from '../../../src/cli/lab/code.ts'
import { MODEL_FILES, MODELS } from '../../../src/lab/scenario.ts'

const src = fileURLToPath(new URL('../../../src', import.meta.url))

/** What the figures of a model depend on, and thus the code that its results are of. */
describe('the code of a result', () => {
  const of = (model: keyof typeof MODEL_FILES): string[] =>
    sourcesOf(join(src, 'lab', `${MODEL_FILES[model]}.ts`)).map((path) => relative(src, path))

  it('is what the model imports, however deep, and nothing else', () => {
    expect(of('votes')).deep.equal([
      'faults/random.ts',
      'lab/draw.ts',
      'lab/votes/play.ts',
      'protocol/quorum.ts',
      'types/ids.ts',
    ])
    expect(of('break-point')).include.members(['lab/queue/world.ts', 'services/placement/slice.ts'])
    expect(of('break-point')).not.include('services/store/replica.ts')
    expect(of('years')).not.include('lab/queue/world.ts')
  })

  it('follows imports over several lines, re-exports and files for their effect; not types', () => {
    const dir = mkdtempSync(join(tmpdir(), 'rsdp-lab-code-'))
    const files = {
      'a.ts': "import {\n  x,\n} from './b.ts'\nimport type { T } from './t.ts'\nimport './c.ts'\n",
      'b.ts': "export { x } from './d.ts'\nexport type { T } from './t.ts'\nexport type U = string\n",
      'c.ts': "import * as all from './a.ts'\nimport { y } from 'elsewhere'\n",
      'd.ts': 'export const x = 1\n',
      't.ts': 'export type T = 1\n',
    }
    for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text)
    const found = sourcesOf(join(dir, 'a.ts')).map((path) => basename(path))
    rmSync(dir, { recursive: true })
    expect(found).deep.equal(['a.ts', 'b.ts', 'c.ts', 'd.ts'])
  })

  it('has one hash for each file of a model', () => {
    const files = new Set(Object.values(MODEL_FILES))
    expect(new Set(MODELS.map(codeHash)).size).equal(files.size)
  })
})
