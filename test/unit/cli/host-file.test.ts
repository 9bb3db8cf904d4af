import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { nextIncarnation, readHost } from '../../../src/cli/host-file.ts'
import { RsdpError } from '../../../src/types/errors.ts'

describe('host file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rsdp-host-'))
  after(() => rmSync(folder, { recursive: true, force: true }))

  const read = async (text: string): ReturnType<typeof readHost> => {
    writeFileSync(join(folder, 'host.yaml'), text)
    return readHost(join(folder, 'host.yaml'))
  }

  for (const [what, text] of [
    ['an unknown key', 'tire: edge'],
    ['an unknown key further down', 'capacity: { coers: 4 }'],
    ['a layer that does not exist', 'tier: fog'],
    ['less than nothing', 'capacity: { cores: -1 }'],
    ['more memory than the table can say', 'capacity: { memoryGb: 700 }'],
    ['a list', '- tier'],
    ['no YAML', 'tier: [edge'],
    ['an alias', 'a: &a 1\ntier: *a'],
    ['nothing', ''],
  ] as const)
    it(`refuses ${what}`, async () => {
      const error: unknown = await read(text).catch((reason: unknown) => reason)
      expect(error).instanceOf(RsdpError)
      expect((error as RsdpError).code).equal('E_HOST')
    })

  it('refuses a file that is not there', async () => {
    const error: unknown = await readHost(join(folder, 'none.yaml')).catch((reason: unknown) => reason)
    expect((error as RsdpError).code).equal('E_HOST')
  })

  it('reads units of people into those of the table; without a file nothing is declared', async () => {
    expect(
      await read('tier: core\ncapacity: { cores: 1.5, memoryGb: 12, transactionsPerSecond: 250 }'),
    ).deep.equal({
      ...{ tier: 'core', region: 0, measure: 'machine' },
      capacity: { cpu: 150, memory: 1200, transactions: 250 },
    })
    expect(await readHost(undefined)).deep.equal({ tier: 'any', region: 0, measure: 'machine', capacity: {} })
  })

  it('counts the starts on a data directory, and begins again where the count is damaged', () => {
    expect([1, 2, 3].map(() => nextIncarnation(folder))).deep.equal([1, 2, 3])
    writeFileSync(join(folder, 'incarnation'), 'rubbish')
    expect(nextIncarnation(folder)).equal(1)
  })
})
