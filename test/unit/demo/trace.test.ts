import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { arrivalsOf, loadTrace, memberOf, parseTrace, WINDOWS } from '../../../src/demo/trace.ts'
import { RsdpError } from '../../../src/types/errors.ts'

const HEADER = 'TIMESTAMP,ContextTokens,GeneratedTokens'
const FIRST = '2023-11-16 18:39:10.0000000,100,20'
const LAST = '2023-11-16 18:49:09.9999999,1,0'

function refusal(...lines: string[]): [code: string, row: unknown] {
  try {
    parseTrace(lines.join('\n'))
  } catch (error) {
    if (error instanceof RsdpError) return [error.code, error.details['row']]
    throw error
  }
  return ['accepted', null]
}

describe('parseTrace', () => {
  it('refuses a file without the header', () => {
    expect(refusal('')).to.deep.equal(['E_TRACE_HEADER', 0])
    expect(refusal(FIRST)).to.deep.equal(['E_TRACE_HEADER', 0])
  })

  const badRows: [name: string, row: string][] = [
    ['an empty row', ''],
    ['a missing field', '2023-11-16 18:39:10.0000000,100'],
    ['a field too many', `${FIRST},1`],
    ['a negative number', '2023-11-16 18:39:10.0000000,-1,2'],
    ['a fraction', '2023-11-16 18:39:10.0000000,1.5,2'],
    ['a leading zero', '2023-11-16 18:39:10.0000000,01,2'],
    ['a space', '2023-11-16 18:39:10.0000000, 1,2'],
    ['a short fraction of a second', '2023-11-16 18:39:10.000,1,2'],
    ['eight digits of tokens', '2023-11-16 18:39:10.0000000,10000000,2'],
  ]
  for (const [name, row] of badRows) {
    it(`refuses ${name}, with the row number`, () => {
      expect(refusal(HEADER, FIRST, row, LAST)).to.deep.equal(['E_TRACE_ROW', 2])
    })
  }

  it('refuses times outside the slice and impossible ones', () => {
    for (const time of [
      '2023-11-16 18:39:09',
      '2023-11-16 18:49:10',
      '2023-11-17 18:39:10',
      '2023-11-16 18:61:10',
    ]) {
      expect(refusal(HEADER, `${time}.0000000,1,2`), time).to.deep.equal(['E_TRACE_TIME', 1])
    }
  })

  it('refuses rows out of order', () => {
    expect(refusal(HEADER, FIRST, LAST, FIRST)).to.deep.equal(['E_TRACE_ORDER', 3])
  })

  it('reads tokens and windows, with LF or CRLF, with or without a last line end', () => {
    const rows = [
      { window: 1, tokens: 120n, text: FIRST },
      { window: 60, tokens: 1n, text: LAST },
    ]
    for (const end of ['\n', '\r\n']) {
      expect(parseTrace([HEADER, FIRST, LAST].join(end))).to.deep.equal(rows)
      expect(parseTrace([HEADER, FIRST, LAST, ''].join(end))).to.deep.equal(rows)
    }
  })
})

describe('the slice', () => {
  const rows = loadTrace()

  it('is the one its README names', () => {
    const bytes = readFileSync(new URL('../../../src/demo/trace.csv', import.meta.url))
    expect(createHash('sha256').update(bytes).digest('hex')).to.equal(
      '12d6937b2f8182f7d395cbdcd5543f5fa99e50e1b1fb5326f46298cd01f3937c',
    )
    expect(rows).to.have.length(2205)
    expect(new Set(rows.map(({ window }) => window)).size, 'windows with rows').to.equal(WINDOWS - 26)
    expect(rows.reduce((sum, { tokens }) => sum + tokens, 0n)).to.equal(4_527_497n)
  })

  it('is split among any number of members without loss', () => {
    for (const members of [1, 4, 13]) {
      const total = Array.from({ length: members }, (_, member) => arrivalsOf(rows, member, members))
        .flat()
        .reduce((sum, tokens) => sum + tokens, 0n)
      expect(total, String(members)).to.equal(4_527_497n)
    }
  })

  it('gives members rows in proportion to 1 : 1/2 : 1/3 : 1/4', () => {
    const counts = [0, 0, 0, 0]
    for (const { text } of rows) counts[memberOf(text, 4)]! += 1
    const share = (k: number): number => 1 / (k + 1) / (1 + 1 / 2 + 1 / 3 + 1 / 4)
    counts.forEach((count, k) => expect(count / rows.length).to.be.closeTo(share(k), 0.03))
  })
})
