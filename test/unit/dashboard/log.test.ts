import { expect } from 'chai'
import { logRows } from '../../../src/dashboard/desk/log-rows.ts'
import { filterLog, namesIn } from '../../../src/dashboard/model/log-filter.ts'
import type { EventRecord, MalformedEvent } from '../../../src/ports/history-events.ts'

const event = (name: string, block: bigint, args: object): EventRecord =>
  ({
    ...{ name, block, args, contract: 'TaskBoard', logIndex: 1n, transactionHash: `0x${'ab'.repeat(32)}` },
    transaction: null,
  }) as unknown as EventRecord

describe('dashboard: log', () => {
  const malformed = [
    { ...event('Joined', 3n, {}), name: 'Joined', field: 'key' },
    { ...event('', 9n, {}), name: null, field: '' },
  ] as unknown as MalformedEvent[]
  const rows = logRows(
    [
      event('Convicted', 5n, { member: 2n, offence: 1n, evidence: `0x${'ff'.repeat(5_000)}` }),
      event('Joined', 1n, { key: '0xAbC', seats: [1n, { of: [2n] }] }),
    ],
    malformed,
  )

  it('has every log in the order of the chain, what does not decode among them', () => {
    expect(rows.map(({ block, name, isRead }) => [block, name, isRead])).deep.equal([
      [1, 'Joined', true],
      [3, 'Joined', false],
      [5, 'Convicted', true],
      [9, '?', false],
    ])
    expect(rows[1]?.args).deep.equal([['key', 'does not decode']])
    expect(rows[0]?.args).deep.equal([
      ['key', '0xAbC'],
      ['seats', '[1, {of [2]}]'],
    ])
  })

  it('is small: long values are cut', () => {
    for (const { args } of rows) for (const [, value] of args) expect(value.length).at.most(91)
  })

  it('is filtered by event and by words, in any case, the newest first', () => {
    const found = (name: string | null, text: string): number[] =>
      filterLog(rows, { name, text }).map(({ block }) => block)
    expect(found(null, '')).deep.equal([9, 5, 3, 1])
    expect(found('Joined', '')).deep.equal([3, 1])
    expect(found(null, ' MEMBER 2 ')).deep.equal([5])
    expect(found('Joined', 'member 2')).deep.equal([])
    expect(found(null, 'block 9')).deep.equal([9])
    expect(found(null, '0xABAB')).length(4)
  })

  it('names events by how often they come', () => {
    expect(namesIn(rows)).deep.equal([
      ['Joined', 2],
      ['?', 1],
      ['Convicted', 1],
    ])
  })
})
