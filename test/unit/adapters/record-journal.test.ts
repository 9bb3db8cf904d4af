import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect } from 'chai'
import { SqliteRecordJournal } from '../../../src/adapters/sqlite/record-journal.ts'
import { RsdpError } from '../../../src/types/errors.ts'

describe('records of a copy', () => {
  let folder = ''
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'rsdp-records-'))))
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const record = (...bytes: number[]): Uint8Array => Uint8Array.of(...bytes)
  const open = (name = 'strong'): SqliteRecordJournal => new SqliteRecordJournal(join(folder, 'a', 'b'), name)
  const read = (): number[][] => {
    const records = open()
    const all = records.read().map((one) => [...one])
    records.close()
    return all
  }
  const codeOf = (work: () => unknown): string => {
    try {
      work()
    } catch (error) {
      return error instanceof RsdpError ? error.code : String(error)
    }
    return 'nothing'
  }
  const damage = (statement: string): void => {
    const database = new DatabaseSync(join(folder, 'a', 'b', 'strong.sqlite'))
    database.exec(statement)
    database.close()
  }

  it('refuses a file that is damaged: changed, swapped and lost records, and no database', () => {
    for (const statement of [
      "UPDATE records SET record = x'09' WHERE seq = 2",
      'DELETE FROM records WHERE seq = 2',
      'DELETE FROM records WHERE seq = 1',
      'UPDATE records SET record = (SELECT record FROM records WHERE seq = 3) WHERE seq = 2',
    ]) {
      rmSync(folder, { recursive: true, force: true })
      const records = open()
      records.append([record(1), record(2), record(3)])
      records.close()
      damage(statement)
      expect(codeOf(open), statement).equal('E_RECORDS')
    }
    writeFileSync(join(folder, 'a', 'b', 'eventual.sqlite'), 'x'.repeat(5000))
    expect(codeOf(() => open('eventual'))).equal('E_RECORDS')
  })

  it('refuses a folder that cannot be made', () => {
    writeFileSync(join(folder, 'a'), '')
    expect(codeOf(open)).equal('E_RECORDS')
  })

  it('takes nothing more after a write that failed', () => {
    const records = open()
    records.append([record(1)])
    damage('DROP TABLE records')
    expect(codeOf(() => records.append([record(2)]))).equal('E_RECORDS')
    expect(codeOf(() => records.append([record(3)]))).equal('E_RECORDS')
    records.close()
  })

  it('keeps records in order over a restart, also of a process that never closed it', () => {
    const records = open()
    expect(records.read()).deep.equal([])
    records.append([record(1), record()])
    records.append([])
    records.append([record(3)])
    expect(read()).deep.equal([[1], [], [3]])
    records.append([record(4)])
    expect(read()).deep.equal([[1], [], [3], [4]])
    records.close()
    records.close()
  })

  it('replaces all of them at once, and goes on behind', () => {
    const records = open()
    records.append([record(1), record(2)])
    records.replace([record(9)])
    records.append([record(8)])
    records.close()
    expect(read()).deep.equal([[9], [8]])
    const again = open()
    again.append([record(7)])
    again.close()
    expect(read()).deep.equal([[9], [8], [7]])
  })

  it('is for its owner alone', () => {
    open().close()
    expect(statSync(join(folder, 'a', 'b')).mode & 0o777).equal(0o700)
    chmodSync(folder, 0o700)
  })
})
