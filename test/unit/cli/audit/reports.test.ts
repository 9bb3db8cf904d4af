import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { z } from 'zod'
import { auditTask } from '../../../../src/audit/audit-task.ts'
import { withCompleteness } from '../../../../src/audit/complete.ts'
import { inRange } from '../../../../src/audit/range.ts'
import type { AuditReport } from '../../../../src/audit/report.ts'
import { reportJson } from '../../../../src/audit/report-json.ts'
import type { ReportJson } from '../../../../src/audit/report-schema.ts'
import { reportsCsv } from '../../../../src/cli/audit/csv.ts'
import { reportsHtml } from '../../../../src/cli/audit/html.ts'
import { html } from '../../../../src/cli/audit/markup.ts'
import { makeHistory } from '../../../helpers/audit-history.ts'
import type { HistoryOptions } from '../../../helpers/audit-history.ts'

const OPTIONS = { unit: null, by: 'a test' }
/** A text of a task, or of an endpoint, that wants to be more than a text. */
const HOSTILE =
  '=cmd()"><script src=//evil.example></script><img onerror=alert(1)>\'` onload=x \u202e\u0000\n</style>&lt;'

describe('reports of audits as files', () => {
  const audited = (options: HistoryOptions = {}): AuditReport => auditTask(makeHistory(options).history)
  const wrongState = (height: number): HistoryOptions => ({
    twist: { state: (at, state) => (at === height ? state.map((byte) => byte ^ 1) : state) },
  })
  let honest: AuditReport
  let tampered: AuditReport
  let unavailable: AuditReport

  before(() => {
    honest = audited()
    tampered = audited(wrongState(7))
    unavailable = audited({ params: { reducer: `0x${'77'.repeat(32)}` } })
  })

  describe('JSON', () => {
    const committed = (name: string): z.ZodType =>
      z.fromJSONSchema(
        JSON.parse(
          readFileSync(new URL(`../../../../docs/formats/${name}`, import.meta.url), 'utf8'),
        ) as Parameters<typeof z.fromJSONSchema>[0],
      )
    const plain = (report: AuditReport): Record<string, unknown> =>
      JSON.parse(JSON.stringify(reportJson(report))) as Record<string, unknown>

    it('is not what lacks a field, has another one, or another verdict', () => {
      const schema = committed('audit.schema.json')
      const right = plain(honest)
      for (const field of Object.keys(right)) {
        const rest = Object.fromEntries(Object.entries(right).filter(([name]) => name !== field))
        expect(schema.safeParse(rest).success, `without ${field}`).equal(false)
      }
      for (const change of [{ more: 1 }, { verdict: 'fine' }, { taskId: 1 }, { steps: [{}] }, { head: -1 }])
        expect(schema.safeParse({ ...right, ...change }).success, JSON.stringify(change)).equal(false)
    })

    it('is what the committed schema says, whatever the verdict', () => {
      const schema = committed('audit.schema.json')
      const fault = { block: 3, field: 'block 3.hash', expected: '0x1', actual: '0x2', why: 'a lie' }
      const proof = {
        ...{ from: 1, to: 9, head: `0x${'11'.repeat(32)}` as const, confirmedBy: 'you', headers: 9 },
        ...{
          provedBlocks: 1,
          provedLogs: 2,
          requests: 3,
          faults: [fault],
          unproved: [{ block: 4, why: 'x' }],
        },
      }
      const { history } = makeHistory()
      const reports = [
        ...[honest, tampered, unavailable, withCompleteness(honest, proof), inRange(tampered, 1, 2)],
        auditTask({ ...history, events: [] }),
        auditTask({ ...history, events: history.events.filter(({ name }) => name !== 'Checkpointed') }),
      ]
      for (const report of reports)
        expect(schema.safeParse(plain(report)).error?.issues ?? [], report.verdict).deep.equal([])
      const many = { verdict: 'mismatch', done: true, asked: 2, verified: 1, mismatch: 1 }
      const all = { ...many, unavailable: 0, pending: 0, reports: [plain(honest), plain(tampered)] }
      expect(committed('audit-many.schema.json').safeParse(all).success).equal(true)
      expect(committed('audit-many.schema.json').safeParse({ ...all, reports: [{}] }).success).equal(false)
    })
  })

  /** Every text that is not a number or one of a few words, replaced. */
  function spoiled(report: ReportJson): ReportJson {
    const fixed = new Set(['taskId', 'verdict', 'amount', 'kind', 'status', 'outcome', 'offence'])
    return JSON.parse(JSON.stringify(report), (key, value: unknown) =>
      typeof value === 'string' && !fixed.has(key) ? HOSTILE : value,
    ) as ReportJson
  }

  describe('HTML', () => {
    const tagsOf = (text: string): string[] => text.match(/<[^>]*>/g) ?? []

    it('texts of a hostile task change no tag of it', () => {
      for (const report of [honest, tampered, unavailable]) {
        const json = reportJson(report)
        const right = reportsHtml([json], OPTIONS)
        const spoilt = reportsHtml([spoiled(json)], OPTIONS)
        expect(tagsOf(spoilt)).deep.equal(tagsOf(right))
        expect(spoilt)
          .contain('&lt;script src=//evil.example&gt;')
          .not.match(/[\u202e\u0000]/)
      }
    })

    it('a text is a text between tags and in quotes', () => {
      const { text } = html`<b title="${HOSTILE}">${HOSTILE}</b>`
      expect(text.match(/[<>"'`]/g)?.join('')).equal('<""><>')
    })

    it('runs nothing and asks nobody', () => {
      const text = reportsHtml([reportJson(honest), reportJson(tampered)], OPTIONS)
      expect(text).not.match(/<script|<link|<img|<iframe|@import|url\(| src=| on\w+=/)
      expect(text.match(/href="[^"]*"/g)).deep.equal(['href="#task-1"', 'href="#task-1"'])
      expect(text).match(
        /Content-Security-Policy" content="default-src &#39;none&#39;; style-src &#39;sha256-/,
      )
    })

    it('says the verdict, and every field that does not fit', () => {
      const text = reportsHtml([reportJson(tampered)], OPTIONS)
      expect(text).contain('✖ mismatch')
      for (const { why, actual } of tampered.findings) expect(text).contain(why).contain(actual)
      expect(reportsHtml([reportJson(unavailable)], OPTIONS)).contain(
        `Not checked (${unavailable.unavailable.length})`,
      )
    })
  })

  describe('CSV', () => {
    /** A reader of RFC 4180 that knows nothing of the writer. */
    function read(text: string): string[][] {
      const rows: string[][] = [[]]
      let [value, isQuoted] = ['', false]
      for (let at = 0; at < text.length; at += 1) {
        const sign = text[at]!
        if (isQuoted && sign === '"' && text[at + 1] === '"') at += 1
        else if (sign === '"') {
          isQuoted = !isQuoted
          continue
        }
        if (isQuoted || !',\r\n'.includes(sign)) value += sign
        else if (sign === '\r') continue
        else {
          rows.at(-1)!.push(value)
          value = ''
          if (sign === '\n') rows.push([])
        }
      }
      return rows.slice(0, -1)
    }

    it('has a row per step, finding and missing field, all of one length', () => {
      for (const report of [honest, tampered, unavailable]) {
        const [header, ...rows] = read(reportsCsv([reportJson(report)]))
        const kinds = rows.map(([, , kind]) => kind)
        expect(kinds.filter((kind) => kind === 'step')).length(report.steps.length)
        expect(kinds.filter((kind) => kind === 'finding')).length(report.findings.length)
        expect(kinds.filter((kind) => kind === 'unavailable')).length(report.unavailable.length)
        for (const row of rows) expect(row).length(header!.length)
      }
    })

    it('gives back any text, and none that a spreadsheet runs', () => {
      const rows = read(reportsCsv([spoiled(reportJson(tampered))]))
      const found = rows.find(([, , kind]) => kind === 'finding')!
      expect(found[12]).equal(`'${HOSTILE}`.replaceAll('\r', ''))
      for (const cell of rows.flat()) expect(cell).not.match(/^[=+\-@\t\r]/)
    })
  })

  describe('a range of heights', () => {
    it('leaves out what is about other checkpoints, and counts it', () => {
      expect([tampered.verdict, honest.verdict]).deep.equal(['mismatch', 'verified'])
      const outside = inRange(tampered, 2, 3)
      expect([outside.verdict, outside.range]).deep.equal([
        'verified',
        { first: 1, last: 4, findingsOutside: tampered.findings.length, unavailableOutside: 0 },
      ])
      expect(outside.heights.map(({ height }) => height)).deep.equal([1, 2, 3, 4])
      const inside = inRange(tampered, 8, 8)
      expect([inside.verdict, inside.findings]).deep.equal(['mismatch', tampered.findings])
      expect(inside.heights.map(({ height }) => height)).deep.equal([5, 6, 7, 8])
    })

    it('keeps what is about the task, and is pending where nothing is anchored', () => {
      const { history } = makeHistory()
      const views = { ...history.views, bounty: 1n }
      expect(inRange(auditTask({ ...history, views }), 1, 1).verdict).equal('mismatch')
      expect(inRange(honest, 90, 99)).deep.include({ verdict: 'pending', heights: [] })
    })
  })
})
