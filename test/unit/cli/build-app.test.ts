import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { App } from '../../../src/cli/app/folder.ts'
import { buildApp, drawOf, readApp } from '../../../src/cli/app/folder.ts'
import { appFiles } from '../../../src/cli/app/template.ts'
import { reducerInspect } from '../../../src/cli/commands/reducer.ts'
import { sim } from '../../../src/cli/commands/sim.ts'
import { failure } from '../../helpers/chain-rpc.ts'

describe('a build of an application', function () {
  this.timeout(60_000)
  const scratch = mkdtempSync(join(tmpdir(), 'rsdp-build-'))
  const original = join(scratch, 'original')
  let first: App
  let dir: string
  before(async () => {
    mkdirSync(original)
    for (const [file, text] of appFiles('hello', false)) writeFileSync(join(original, file), text)
    first = await buildApp(original)
  })
  beforeEach(() => {
    dir = mkdtempSync(join(scratch, 'app-'))
    cpSync(original, dir, { recursive: true })
  })
  after(() => rmSync(scratch, { recursive: true, force: true }))

  const built = (): Record<string, string> =>
    Object.fromEntries(
      readdirSync(join(dir, 'build'))
        .sort()
        .map((file) => [file, readFileSync(join(dir, 'build', file), 'utf8')]),
    )
  const edit = (file: string, from: string, to: string): void => {
    const path = join(dir, file)
    const text = readFileSync(path, 'utf8')
    expect(text).includes(from)
    writeFileSync(path, text.replace(from, to))
  }

  /** What an author may break; each time the reducer has changed, too, so that a part of the build would differ. */
  const BROKEN: readonly (readonly [name: string, code: string, breakIt: () => void])[] = [
    ['a source that does not parse', 'E_APP_BUILD', () => writeFileSync(join(dir, 'source.ts'), '}')],
    ['no source', 'E_APP_BUILD', () => rmSync(join(dir, 'source.ts'))],
    ['no example', 'E_APP', () => edit('reducer.ts', 'export const example', 'const example')],
    [
      'an example that the codecs do not write',
      'E_APP',
      () => edit('reducer.ts', 'params: { max:', 'params: { min:'),
    ],
    [
      'a reducer that throws as it loads',
      'E_APP_BUILD',
      () => edit('reducer.ts', 'export default reducer', "throw new Error('no')\nexport default reducer"),
    ],
    ['a twin that is none', 'E_TWIN', () => writeFileSync(join(dir, 'Twin.sol'), 'contract Twin {')],
  ]
  for (const [name, code, breakIt] of BROKEN) {
    it(`${name}: ${code}; nothing is written, and an earlier build stays`, async () => {
      const earlier = built()
      edit('reducer.ts', 'hello@1', 'hello@2')
      breakIt()
      expect((await failure(buildApp(dir))).code).equal(code)
      expect(built()).deep.equal(earlier)
      expect((await readApp(dir)).id).equal(first.id)
    })
  }

  it('is of one piece: no file of an earlier one stays beside a new one, and what is not of it stays', async () => {
    rmSync(join(dir, 'build', 'reducer.mjs'))
    mkdirSync(join(dir, 'build', 'reducer.mjs'))
    writeFileSync(join(dir, 'build', 'published.json'), '{}')
    edit('reducer.ts', 'hello@1', 'hello@2')
    const next = await buildApp(dir)
    expect(readdirSync(join(dir, 'build')).sort()).deep.equal([
      'app.json',
      'bundle.js',
      'published.json',
      'reducer.mjs',
      'source.mjs',
    ])
    expect((await readApp(dir)).id)
      .equal(next.id)
      .not.equal(first.id)
    expect(readdirSync(dir).filter((name) => name.startsWith('build'))).deep.equal(['build'])
  })

  it('tells by its own kind what its author’s draw and source do', async () => {
    edit('reducer.ts', '({ value: BigInt(below(1_100)) })', '(7 as never)')
    writeFileSync(join(dir, 'source.ts'), "throw new Error('boom')\nexport default () => ({})\n")
    await buildApp(dir)
    const draw = (await drawOf(dir))!
    expect(await failure(Promise.resolve().then(() => draw(() => 0)))).include({ code: 'E_APP' })
    const options = { seeds: '1..2', workers: 1, heights: 3, trace: false, json: false, app: dir }
    const context = { json: false, output: {} as never, signal: new AbortController().signal }
    expect(await failure(sim(options, context))).include({ code: 'E_APP' })
  })

  it('what is no bundle is told by what it is: a stock reducer, no id, no file', async () => {
    const context = { json: false, output: {} as never, signal: new AbortController().signal }
    const refusal = async (what: string): Promise<string> =>
      (await failure(reducerInspect(what, { deployment: '', rpcUrl: '' } as never, context))).message
    expect(await refusal('median@1')).match(/of this package/)
    for (const id of ['0x1234', `0x${'AB'.repeat(32)}`]) expect(await refusal(id)).match(/is no id/)
    expect(await refusal('nowhere.js')).match(/no file nowhere\.js/)
  })

  it('is not begun by what does not build', async () => {
    rmSync(join(dir, 'build'), { recursive: true })
    rmSync(join(dir, 'source.ts'))
    expect((await failure(buildApp(dir))).code).equal('E_APP_BUILD')
    expect(existsSync(join(dir, 'build'))).equal(false)
  })

  it('holds what the sources say each time, and is refused with another bundle in it', async () => {
    edit('reducer.ts', 'hello@1', 'hello@2')
    const second = await buildApp(dir)
    expect([first.name, second.name]).deep.equal(['hello@1', 'hello@2'])
    expect((await readApp(dir)).id).equal(second.id)
    writeFileSync(join(dir, 'build/bundle.js'), first.bundle)
    const refused = await failure(readApp(dir))
    expect([refused.code, refused.hint]).deep.equal(['E_APP', 'build it: rsdp app build'])
  })
})
