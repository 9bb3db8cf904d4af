import { expect } from 'chai'
import { auditTask } from '../../../src/audit/audit-task.ts'
import { wrapped } from '../../../src/audit/layout.ts'
import { namesIn } from '../../../src/audit/names.ts'
import { renderReport } from '../../../src/audit/render.ts'
import type { AuditReport, Finding, Step } from '../../../src/audit/report.ts'
import { reportJson } from '../../../src/audit/report-json.ts'
import { formatTokens } from '../../../src/audit/tokens.ts'
import { makeHistory } from '../../helpers/audit-history.ts'

/** Amounts of the history made by hand are small. */
const UNIT = { symbol: 'RSDP', decimals: 2 }
const ADDRESS = /0x[0-9a-f]{40}(?![0-9a-f])/g

describe('the report of an audit for people', () => {
  let report: AuditReport

  before(() => {
    report = auditTask(makeHistory().history)
  })

  const lines = (text: string): string[] => text.split('\n')

  it('begins with the verdict and a summary', () => {
    const [verdict, , title, ...rest] = lines(renderReport(report, { unit: UNIT }))
    expect(verdict).equal('✔ verified: everything that is anchored was recomputed')
    expect(title).equal(`task 1 on chain ${report.chainId}, block ${report.head}`)
    const names = rest.slice(0, 9).map((line) => line.trim().split(' ')[0])
    expect(names).deep.equal('reducer client cluster heights status result votes proofs money'.split(' '))
  })

  it('shows amounts in units, and with no unit in wei', () => {
    const { money } = report
    const inUnits = renderReport(report, { unit: UNIT })
    expect(inUnits).contain(`escrow ${formatTokens(money!.escrow, UNIT)} = paid out`)
    expect(inUnits).match(/MONEY .* [\d.]+ RSDP escrow/)
    expect(inUnits).not.match(/\d wei/)
    expect(renderReport(report)).contain(`escrow ${money!.escrow} wei = paid out ${money!.paid} wei`)
  })

  it('names members instead of their addresses, and lists whole addresses on request', () => {
    const brief = renderReport(report, { unit: UNIT })
    expect([...brief.matchAll(ADDRESS)].map(([address]) => address)).deep.equal([report.client])
    const full = renderReport(report, { unit: UNIT, isFull: true })
    for (const { key, operator } of report.cluster!.members) {
      expect(full).contain(key)
      expect(full).contain(operator)
    }
  })

  it('names one party by one name', () => {
    const members = report.cluster!.members.map((member) => ({
      ...member,
      operator: report.cluster!.members[0]!.operator,
    }))
    const named = namesIn({ client: report.client, cluster: { ...report.cluster!, members } })
    expect(named(`lock of ${members[1]!.key}`)).equal('lock of member 1')
    expect(named(members[2]!.operator)).equal('operator of members 0, 1, 2, 3')
    expect(named(report.client!)).equal('client')
    expect(named(`0x${'ab'.repeat(20)}`)).equal('0xabababab…abab')
    expect(named(`0x${'ab'.repeat(32)}`)).equal(`0x${'ab'.repeat(32)}`)
  })

  it('keeps the ledger for --full: every movement is a line of it', () => {
    const { movements } = report.money!
    expect(renderReport(report, { unit: UNIT })).not.contain('ledger:')
    const full = lines(renderReport(report, { unit: UNIT, isFull: true }))
    const ledger = full.slice(full.indexOf('ledger:') + 2)
    const rows = ledger.slice(0, movements.length)
    rows.forEach((row, i) => expect(row.trim().split(' ')[0]).equal(`${movements[i]!.block}`))
    expect(ledger[movements.length] ?? '').equal('')
  })

  it('breaks lines at the width of the terminal and leaves out columns that do not fit', () => {
    for (const width of [40, 60, 80, 120]) {
      const text = renderReport(report, { unit: UNIT, width, isFull: true })
      for (const line of lines(text)) {
        const longest = Math.max(
          ...line
            .trim()
            .split(' ')
            .map((word) => word.length),
        )
        expect(line.length, line).most(Math.max(width, 6 + longest))
      }
    }
    const narrow = renderReport(report, { unit: UNIT, width: 60 })
    expect(narrow).contain('verdict').and.not.contain('recomputed  signatures')
    const flat = (text: string): string => text.replace(/\s+/g, ' ')
    expect(flat(wrapped(`  ${'ab cde '.repeat(40)}`.trimEnd(), 17).join(' '))).equal(
      ` ${'ab cde '.repeat(40)}`.trimEnd(),
    )
  })

  it('joins long runs of verified checkpoints, never one that is not', () => {
    const checkpoint = (i: number, verdict: Step['verdict'] = 'verified'): Step => ({
      ...{ kind: 'checkpoint', label: `HEIGHTS ${2 * i + 1}–${2 * i + 2}`, block: 100 + i, logged: '0x1' },
      ...{ recomputed: '0x1', signatures: i === 3 ? '5/7' : '7/7', verdict },
    })
    const steps = Array.from({ length: 20 }, (_, i) => checkpoint(i, i === 10 ? 'mismatch' : 'verified'))
    const brief = renderReport({ ...report, steps })
    expect(brief).match(/HEIGHTS 1–20, 10 checkpoints +109 +- +- +≥ 5\/7 +✔ verified/)
    expect(brief).match(/HEIGHTS 21–22 +110 +0x1 +0x1 +7\/7 +✖ mismatch/)
    expect(brief).match(/HEIGHTS 23–40, 9 checkpoints/)
    expect(renderReport({ ...report, steps }, { isFull: true }).match(/HEIGHTS \d+–\d+ /g)).length(20)
  })

  it('keeps values in findings whole', () => {
    const value = 10n ** 18n + 1n
    const finding: Finding = {
      ...{ step: 'money', field: 'Claimed.amount', where: 'task 1', why: 'rewards' },
      ...{ expected: `${value}`, actual: `${value + 1n}` },
    }
    const text = renderReport({ ...report, verdict: 'mismatch', findings: [finding] }, { unit: UNIT })
    expect(lines(text)[0]).equal('✖ mismatch: 1 fact does not fit')
    expect(text).contain(`✖ Claimed[task 1].amount: is ${value + 1n}, expected ${value}: rewards`)
  })

  it('changes nothing in the JSON', () => {
    const before = JSON.stringify(reportJson(report))
    renderReport(report, { unit: UNIT, width: 60, isFull: true })
    expect(JSON.stringify(reportJson(report))).equal(before)
    expect(before).contain(`"escrow":"${report.money!.escrow}"`)
  })
})
