import { expect } from 'chai'
import { auditTask } from '../../../src/audit/audit-task.ts'
import { concatHex } from '../../../src/codec/hex.ts'
import { renderReport } from '../../../src/audit/render.ts'
import { reportJson } from '../../../src/audit/report-json.ts'
import type { AuditReport } from '../../../src/audit/report.ts'
import { auditExitCode, fieldPath } from '../../../src/audit/report.ts'
import { runAudit } from '../../../src/audit/run.ts'
import type { HandMade, HistoryOptions } from '../../helpers/audit-history.ts'
import { makeHistory, withCopies, withEvent } from '../../helpers/audit-history.ts'
import { RESET_MEMBER, SILENT_MEMBER } from '../../helpers/audit-task.ts'
import type { Twist } from '../../helpers/audit-task.ts'
import { atBlock } from '../../helpers/moments.ts'

const fields = (report: AuditReport): string[] => report.findings.map(({ field }) => field)
const audited = (options: HistoryOptions): AuditReport => auditTask(makeHistory(options).history)
const twisted = (twist: Twist): AuditReport => audited({ twist })

describe('audit of a whole task', () => {
  let honest: HandMade
  let report: AuditReport

  before(() => {
    honest = makeHistory()
    report = auditTask(honest.history)
  })

  it('verifies an honest history and says how much', () => {
    expect(report.findings).to.deep.equal([])
    expect(report.verdict).to.equal('verified')
    expect(auditExitCode(report)).to.equal(0)
    expect(report.counts).to.include({
      transactions: 14,
      events: 23,
      signups: 4,
      registrationSignatures: 4,
      checkpoints: 2,
      checkpointSignatures: 7,
      heightsAttested: 8,
      inputs: 31,
      aggregatesRecomputed: 8,
      ledgerEvents: 1,
    })
  })

  it('rebuilds every signed log, entry by entry', () => {
    for (const [member, entries] of honest.script.logs) {
      const signed = member === SILENT_MEMBER ? entries.filter(({ height }) => height <= 4) : entries
      expect(report.logs.get(member)).to.deep.equal(signed)
    }
    const all = [...report.logs.values()].reduce((sum, entries) => sum + entries.length, 0)
    expect(report.counts.transitionsSigned).to.equal(all)
    expect(report.counts.transitionsByEvent['RESET']).to.equal(1)
  })

  it('shows a member that did not sign as a gap', () => {
    expect(report.gaps).to.deep.equal([{ member: SILENT_MEMBER, first: 5, last: 8 }])
  })

  it('measures validity over signers per height', () => {
    expect(report.heights[0]?.transitional).to.include({ compared: 4, magnitude: 1 })
    expect(report.heights[7]?.operational).to.include({ compared: 3, concentration: 1 })
    expect(report.heights.every(({ attested, recomputed }) => attested && recomputed)).to.equal(true)
  })

  it('is a table for people and plain data for programs', () => {
    const text = renderReport(report)
    expect(text).to.contain('✔ verified: everything that is anchored was recomputed')
    expect(text).to.contain('no log of member 3 for heights 5–8')
    expect(JSON.parse(JSON.stringify(reportJson(report)))).to.include({ verdict: 'verified', taskId: '1' })
  })

  it('reads through the port', async () => {
    const through = await runAudit({ read: () => Promise.resolve(honest.history) }, 1n)
    expect(through.verdict).to.equal('verified')
  })

  it('is pending before there is anything to verify', () => {
    const { history } = honest
    const open = {
      ...history,
      head: 20n,
      events: history.events.filter(({ name }) => name === 'TaskPublished'),
      views: {
        ...history.views,
        status: { status: 1n, closedAt: atBlock(0) },
        claimsOpenAt: atBlock(0),
        locks: new Map(),
        task: {
          ...history.views.task,
          cluster: `0x${'00'.repeat(32)}` as const,
          members: 0n,
          signups: 0n,
          eventsPosted: 0n,
          former: `0x${'00'.repeat(20)}` as const,
          formFee: 0n,
        },
        head: { ...history.views.head, lastAt: atBlock(0), events: 0n },
      },
    }
    const pending = auditTask(open)
    expect(fields(pending)).to.deep.equal([])
    expect(pending.verdict).to.equal('pending')
    expect(pending.steps.map(({ verdict }) => verdict)).to.include('pending')
    expect(renderReport(pending)).to.contain('… pending')
  })

  it('says so when inputs are not published', () => {
    const hashes = audited({ params: { calldataInputs: false } })
    expect(hashes.verdict).to.equal('unavailable')
    expect(hashes.counts.aggregatesRecomputed).to.equal(0)
    expect(hashes.counts.heightsAttested).to.equal(8)
    expect(auditExitCode(hashes)).to.equal(0)
    expect(renderReport(hashes)).to.contain('does not publish inputs')
  })

  it('says so when it does not know the reducer', () => {
    const unknown = auditTask(honest.history, { findReducer: () => null })
    expect(unknown.verdict).to.equal('unavailable')
    expect(unknown.unavailable.map(({ field }) => field)).to.include('Checkpointed.batch.stateHash')
  })
})

describe('audit: what the cluster signed and what is true', () => {
  it('refuses an aggregate that the inputs do not give, whoever attested it', () => {
    const report = twisted({
      state: (height, state) =>
        height === 4 ? Uint8Array.from([...state.slice(0, 7), 9, ...state.slice(8)]) : state,
    })
    expect(report.findings).to.have.length(1)
    expect(report.findings[0]).to.include({ field: 'Checkpointed.batch.stateHash[3]', height: 4 })
    expect(fieldPath(report.findings[0]!)).to.equal('Checkpointed[task 1, heights 1–4].batch.stateHash[3]')
    expect(report.counts.aggregatesRecomputed).to.equal(7)
    expect(auditExitCode(report)).to.equal(6)
    expect(renderReport(report)).to.contain('✖ mismatch: 1 fact does not fit')
  })

  it('refuses an input that validate refuses', () => {
    const report = twisted({
      list: (height, list) =>
        height === 1
          ? list.map((input, i) => (i === 2 ? { ...input, state: new Uint8Array(4) } : input))
          : list,
    })
    expect(report.findings[0]).to.include({ field: 'Checkpointed.inputs[0][2].state', member: 2, height: 1 })
  })

  it('refuses a list below quorum weight', () => {
    const report = twisted({ list: (height, list) => (height === 2 ? list.slice(0, 2) : list) })
    expect(fields(report)).to.include('Checkpointed.inputs[1].count')
  })

  it('refuses a ledger cut that the list does not report', () => {
    const report = twisted({ cut: (height, cut) => (height === 1 ? 1 : Math.max(cut, 1)) })
    expect(report.findings[0]).to.include({ field: 'Checkpointed.batch.eventSeqDelta[0]', height: 1 })
  })

  it('M-1 inputs other than the signed ones carry no signature: a contract that takes them is wrong', () => {
    const report = twisted({
      call: (index, call) =>
        index === 0 ? { ...call, inputs: concatHex(call.inputs.slice(0, -2), 'ff') } : call,
    })
    expect(report.findings[0]).to.include({ field: 'checkpoint().signatures[0]', member: 0 })
    expect(fields(report)).to.include('Checkpointed.inputs[3]')
  })

  it('refuses bytes that are no inputs', () => {
    const report = twisted({ call: (_, call) => ({ ...call, inputs: '0x04' }) })
    expect(fields(report)).to.include('Checkpointed.inputs')
  })

  it('accepts t5 and t7 where the list holds a CLOSE, and no later list with the leaver', () => {
    const leaves = (from: number, to: number): Twist => ({
      list: (height, list) =>
        height < from
          ? list
          : list.flatMap((input) => {
              if (input.member !== SILENT_MEMBER) return [input]
              if (height === from) return [{ kind: 'close' as const, member: SILENT_MEMBER }]
              return height > to ? [input] : []
            }),
    })
    const left = twisted(leaves(5, 8))
    expect(fields(left)).to.deep.equal([])
    expect(left.counts.transitionsByEvent['t5']).to.equal(3)
    expect(fields(twisted(leaves(5, 7)))).to.include('Checkpointed.inputs[3][3].member')
  })
})

describe('audit: certificates', () => {
  it('refuses signers below quorum weight', () => {
    const report = twisted({ signers: (batch, members) => (batch === 1 ? members.slice(0, 2) : members) })
    expect(fields(report)).to.deep.equal(['Checkpointed.bitmap'])
    expect(report.counts.heightsAttested).to.equal(4)
  })

  it('refuses the signature of another member', () => {
    const swap = (call: { signatures: `0x${string}` }): `0x${string}` => {
      const [first, second, rest] = [2, 132, 262].map((at, i) =>
        call.signatures.slice(at, i < 2 ? at + 130 : undefined),
      )
      return `0x${second}${first}${rest}`
    }
    const report = twisted({
      call: (index, call) => (index === 0 ? { ...call, signatures: swap(call) } : call),
    })
    expect(fields(report)).to.deep.equal(['checkpoint().signatures[0]', 'checkpoint().signatures[1]'])
    expect(report.findings[1]).to.include({ member: 1 })
  })

  it('refuses strangers, malformed exceptions and exceptions of members that did not sign', () => {
    const strange = twisted({ call: (_, call) => ({ ...call, bitmap: call.bitmap | 16n }) })
    expect(fields(strange)).to.include('Checkpointed.bitmap')
    const short = twisted({ call: (_, call) => ({ ...call, exceptions: '0x00' }) })
    expect(fields(short)).to.include('Checkpointed.exceptions')
    const unsigned = twisted({
      call: (index, call) => (index === 1 ? { ...call, exceptions: `0x03${'00'.repeat(40)}` } : call),
    })
    expect(fields(unsigned)).to.deep.equal(['Checkpointed.exceptions[0].member'])
  })
})

describe('audit: logs', () => {
  describe('M-1 what the submitter replaced', () => {
    const spoilt: readonly (readonly [string, Twist])[] = [
      ['a note', { note: (_, note) => (note === null ? null : concatHex(note.slice(0, -4), '0002')) }],
      ['bytes that are no notes', { note: (member, note) => (member === 0 ? '0x00' : note) }],
      ['two notes of one member', { note: (_, note) => (note === null ? null : concatHex(note, note)) }],
      ['hints', { hint: () => 0 }],
      ['notes and hints', { hint: (height) => (height <= 4 ? 3 : 0), note: () => '0x00' }],
    ]
    for (const [what, twist] of spoilt) {
      it(`${what}: blames nobody, is unavailable, and verifies when anybody has published it again`, () => {
        const made = makeHistory({ twist })
        const without = auditTask(made.history)
        expect([fields(without), without.verdict]).to.deep.equal([[], 'unavailable'])
        const noise = { hints: '0x01', notes: '0x00' } as const
        const wrong = { hints: '0x00000000', notes: '0x' } as const
        for (const copies of [[made.good], [noise, wrong, made.good], [made.good, wrong, noise]]) {
          const mended = auditTask(withCopies(made, copies))
          expect([fields(mended), mended.unavailable, mended.verdict]).to.deep.equal([[], [], 'verified'])
          expect(mended.heights.map(({ round }) => round)).to.deep.equal([0, 1, 0, 0, 0, 0, 0, 0])
          expect(mended.logs).to.deep.equal(auditTask(makeHistory().history).logs)
        }
        const useless = auditTask(withCopies(made, [noise, wrong]))
        expect([fields(useless), useless.verdict]).to.deep.equal([[], 'unavailable'])
      })
    }
  })

  it('calls a missing note unavailable, not wrong', () => {
    const report = twisted({ note: () => null })
    expect(fields(report)).to.deep.equal([])
    expect(report.verdict).to.equal('unavailable')
    expect(report.unavailable[0]).to.include({ field: 'Checkpointed.notes', member: RESET_MEMBER })
  })

  it('names a signed transition that the table refuses', () => {
    const report = twisted({
      // t4 without t2: DEBATE → SHARE
      steps: (member, height, steps) =>
        member === RESET_MEMBER && height === 3 ? steps.filter(({ event }) => event !== 't2') : steps,
    })
    expect(report.findings[0]).to.include({ member: RESET_MEMBER, height: 3 })
    expect(report.findings[0]?.field).to.match(/^log\[2\]\.entries\[\d+\]$/)
    expect(report.findings[0]?.actual).to.equal('t4: DEBATE → SHARE')
  })

  it('names a signed jump that a table-like from hides', () => {
    const report = twisted({
      steps: (member, height, steps) =>
        member === RESET_MEMBER && height === 3 ? steps.filter(({ event }) => event !== 't2') : steps,
      entry: (member, entry) =>
        member === RESET_MEMBER && entry.height === 3 && entry.event === 't4'
          ? { ...entry, from: 'IDLE' }
          : entry,
    })
    expect(report.findings[0]).to.include({ member: RESET_MEMBER, expected: 'from DEBATE' })
  })

  it('names a log that falls back in rounds', () => {
    const report = twisted({
      steps: (member, height, steps) =>
        member === RESET_MEMBER && height === 3
          ? steps.map((step, i) => (i === 0 ? { ...step, round: 2 } : step))
          : steps,
    })
    expect(report.findings[0]).to.include({ member: RESET_MEMBER, why: 'a log never falls back' })
  })

  it('names a height that opens from another value than the last decided', () => {
    const report = twisted({
      steps: (member, height, steps) =>
        member === RESET_MEMBER && height === 3
          ? steps.map((step, i) => (i === 0 ? { ...step, value: `0x${'11'.repeat(32)}` as const } : step))
          : steps,
    })
    expect(report.findings[0]?.field).to.match(/^log\[2\]\.entries\[\d+\]\.value$/)
  })

  it('takes up a member again after a gap', () => {
    const report = twisted({
      signers: (batch, members) => (batch === 0 ? members.filter((member) => member !== 1) : members),
    })
    expect(report.verdict).to.equal('verified')
    expect(report.gaps).to.deep.include({ member: 1, first: 1, last: 4 })
    expect(report.logs.get(1)?.[0]).to.include({ height: 5, event: 't3', from: 'IDLE' })
  })
})

describe('audit: several checkpoints in an epoch', () => {
  /** Member 1 signs no first half of an epoch; what it logged is under the head that it signs later. */
  const late: Twist = {
    signers: (batch, members) => (batch % 2 === 0 ? members.filter((member) => member !== 1) : members),
  }

  it('follows logs across them', () => {
    const report = audited({ batchHeights: 2 })
    expect(fields(report)).to.deep.equal([])
    expect(report.verdict).to.equal('verified')
    expect(report.counts.checkpoints).to.equal(4)
  })

  it('closes a gap that a later head of the epoch covers', () => {
    const { history, script } = makeHistory({ batchHeights: 2, twist: late })
    const report = auditTask(history)
    expect(report.verdict).to.equal('verified')
    expect(report.gaps.filter(({ member }) => member === 1)).to.deep.equal([])
    expect(report.logs.get(1)).to.deep.equal(script.logs.get(1))
  })

  it('keeps a gap open at the end of the epoch', () => {
    const never: Twist = { signers: (_, members) => members.filter((member) => member !== 1) }
    const report = audited({ batchHeights: 2, twist: never })
    expect(report.gaps.filter(({ member }) => member === 1)).to.have.length(4)
    expect(report.logs.get(1)).to.deep.equal([])
    expect(renderReport(report)).to.contain('no log of member 1 for heights 1–8')
  })

  it('cannot rebuild a head over a gap with entries that nobody published', () => {
    const silent: Twist = {
      signers: (batch, members) =>
        batch === 0 ? members.filter((member) => member !== RESET_MEMBER) : members,
      note: () => null,
    }
    const report = audited({ batchHeights: 2, twist: silent })
    expect(fields(report)).to.deep.equal([])
    expect(report.unavailable.map(({ field, member }) => [field, member])).to.deep.include([
      'Checkpointed.notes',
      RESET_MEMBER,
    ])
  })
})

describe('audit: holes in what the endpoint tells', () => {
  const { history } = makeHistory()

  it('notices a checkpoint that was left out', () => {
    const report = auditTask(withEvent(history, 'Checkpointed', () => null, 0))
    expect(fields(report)).to.include('Checkpointed.first')
    const last = auditTask(withEvent(history, 'Checkpointed', () => null, 1))
    expect(fields(last)).to.include.members(['head().last', 'head().root', 'TaskFinalized.height'])
  })

  it('notices a missing sign-up, lock, ledger event, registration', () => {
    expect(fields(auditTask(withEvent(history, 'Joined', () => null)))).to.include(
      'ClusterFormed.signingKeys',
    )
    expect(fields(auditTask(withEvent(history, 'StakeLocked', () => null)))).to.include('StakeLocked')
    expect(fields(auditTask(withEvent(history, 'LedgerEvent', () => null)))).to.include('task().eventsPosted')
    expect(fields(auditTask(withEvent(history, 'KeyRegistered', () => null)))).to.include('Joined.key')
  })

  it('notices a result that was left out', () => {
    expect(fields(auditTask(withEvent(history, 'TaskFinalized', () => null)))).to.deep.equal([
      'task().resultHash',
      'result().outcome',
    ])
  })

  it('does not fail on an empty history', () => {
    const report = auditTask({ ...history, events: [] })
    expect(report.unavailable.map(({ field }) => field)).to.deep.equal(['TaskPublished'])
  })

  it('calls what is not served unavailable', () => {
    const report = auditTask(
      withEvent(history, 'Checkpointed', (event) => ({ ...event, transaction: null }), 0),
    )
    expect(report.unavailable.map(({ field }) => field)).to.include('checkpoint().signatures')
    expect(fields(report)).to.deep.equal([])
    const headers = new Map()
    expect(auditTask({ ...history, headers }).unavailable).to.deep.equal([])
    const formed = withEvent(history, 'ClusterFormed', (event) => ({ ...event, transaction: null }))
    const seedless = auditTask({ ...formed, headers })
    expect(seedless.unavailable.map(({ field }) => field)).to.deep.equal(['form()', 'ClusterFormed.seed'])
    const codeless = auditTask({ ...history, snapshotCode: new Map() })
    expect(codeless.unavailable.map(({ field }) => field)).to.deep.equal(['snapshot.code'])
  })

  it('names a malformed log', () => {
    const [event] = history.events
    const malformed = [{ ...event!, name: 'KeyRegistered' as const, field: 'publicKey' }]
    expect(fields(auditTask({ ...history, malformed }))).to.deep.equal(['KeyRegistered.publicKey'])
  })
})
