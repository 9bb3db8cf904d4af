import { expect } from 'chai'
import fc from 'fast-check'
import { fromHex, toHex, utf8Hex } from '../../../src/codec/hex.ts'
import { MACHINE_BYTES_MAX } from '../../../src/reducers/command-log/log-state.ts'
import { makeFence } from '../../../src/reducers/fence.ts'
import { workAssignment } from '../../../src/reducers/machines/work-assignment.ts'
import type { Job, WorkCommand, WorkResult, WorkState } from '../../../src/reducers/machines/work-codec.ts'
import {
  decodeWorkCommand,
  decodeWorkResult,
  encodeWorkCommand,
  encodeWorkResult,
  JOB_BYTES_MAX,
  OUTPUT_BYTES_MAX,
  roomOf,
  workCodec,
} from '../../../src/reducers/machines/work-codec.ts'
import { ALICE, BOB, CAROL, keyOf, readsOnlyItsOwn, Run } from '../../helpers/machine-run.ts'

type Who = typeof ALICE
const queue = utf8Hex('q')
const text = (value: string): Uint8Array => fromHex(utf8Hex(value))

function say(run: Run<WorkState>, proposer: Who, command: WorkCommand): WorkResult {
  const bytes = encodeWorkCommand(command)
  expect(decodeWorkCommand(bytes)).deep.equal(command)
  const result = run.apply(bytes, proposer!.proposer)
  const decoded = decodeWorkResult(result)!
  expect(toHex(encodeWorkResult(decoded))).equal(toHex(result))
  return decoded
}

const add = (run: Run<WorkState>, name: string, triesMax = 3, body = text('do it')): WorkResult =>
  say(run, CAROL, { kind: 'add', queue, job: utf8Hex(name), triesMax, body })
const claim = (run: Run<WorkState>, who: Who, ttlMs = 5_000): WorkResult =>
  say(run, who, { kind: 'claim', queue, owner: who!.owner, ttlMs })
const list = (run: Run<WorkState>): string[] =>
  say(run, CAROL, { kind: 'list', queue }).jobs.map(
    ({ name, status }) => `${new TextDecoder().decode(fromHex(name))} ${status}`,
  )

/** What a worker says of the job that it was given. */
function tell(
  run: Run<WorkState>,
  who: Who,
  kind: 'renew' | 'done' | 'fail',
  job: Pick<Job, 'name' | 'token'>,
): WorkResult {
  const claimed = { queue, job: job.name, owner: who!.owner, token: job.token }
  if (kind === 'renew') return say(run, who, { kind, ...claimed, ttlMs: 5_000 })
  return say(run, who, kind === 'done' ? { kind, ...claimed, output: text('ok') } : { kind, ...claimed })
}

describe('work assignment', () => {
  readsOnlyItsOwn('it', workAssignment)

  it('refuses as commands: other kinds, names none or too long, no tries, long bodies, leases too short, tails and cuts', () => {
    const job = utf8Hex('j')
    const held = { queue, job, owner: utf8Hex('w'), token: 2n ** 100n }
    const good: WorkCommand[] = [
      { kind: 'list', queue },
      { kind: 'add', queue, job, triesMax: 255, body: new Uint8Array(JOB_BYTES_MAX) },
      { kind: 'claim', queue, owner: held.owner, ttlMs: 2_000 },
      { kind: 'renew', ...held, ttlMs: 3_600_000 },
      { kind: 'done', ...held, output: new Uint8Array(OUTPUT_BYTES_MAX) },
      { kind: 'fail', ...held },
    ]
    for (const command of good) {
      const bytes = encodeWorkCommand(command)
      expect(decodeWorkCommand(bytes), command.kind).deep.equal(command)
      expect(workAssignment.isCommand(Uint8Array.of(...bytes, 0)), command.kind).equal(false)
      for (let end = 0; end < bytes.length; end += 1)
        expect(workAssignment.isCommand(bytes.slice(0, end)), `${command.kind} cut at ${end}`).equal(false)
    }
    const [, added, claimed, renewed, done] = good as [
      WorkCommand,
      ...Extract<WorkCommand, { kind: 'add' | 'claim' | 'renew' | 'done' }>[],
    ]
    const wrong = [
      { ...added, triesMax: 0 },
      { ...added, body: new Uint8Array(JOB_BYTES_MAX + 1) },
      { ...added, job: '0x' },
      { ...added, queue: toHex(new Uint8Array(65)) },
      { ...claimed, ttlMs: 1_999 },
      { ...renewed, ttlMs: 3_600_001 },
      { ...done, output: new Uint8Array(OUTPUT_BYTES_MAX + 1) },
    ] as WorkCommand[]
    for (const command of wrong) expect(workAssignment.isCommand(encodeWorkCommand(command))).equal(false)
    expect(workAssignment.isCommand(Uint8Array.of(6, 1, 7))).equal(false)
  })

  it('refuses as states: two jobs of one name, places that do not rise, tries that are more than they may be', () => {
    const run = new Run(workAssignment)
    const [first, second] = [add(run, 'a').jobs[0]!, add(run, 'b').jobs[0]!]
    const held = claim(run, ALICE).jobs[0]!
    const reads = (...jobs: Job[]): boolean => workCodec.decode(workCodec.encode(jobs)) !== null
    expect(reads(held, second)).equal(true)
    expect(reads(second, first)).equal(false)
    expect(reads(first, { ...second, name: first.name })).equal(false)
    expect(reads({ ...held, tries: 4 })).equal(false)
    expect(reads({ ...held, endMs: 0n })).equal(false)
    expect(reads({ ...held, token: 0n })).equal(false)
    expect(reads({ ...first, endMs: 1n })).equal(false)
    expect(reads({ ...first, status: 'done' })).equal(false)
    expect(reads({ ...held, status: 'done', endMs: 0n, body: new Uint8Array(65) })).equal(false)
  })

  it('jobs are claimed in their order, each by one worker; a name is taken once', () => {
    const run = new Run(workAssignment)
    expect(claim(run, ALICE)).deep.equal({ outcome: 'none', jobs: [] })
    expect(['a', 'b'].map((name) => add(run, name).outcome)).deep.equal(['done', 'done'])
    expect(add(run, 'a', 1, text('another')).outcome).equal('exists')
    const [first, second] = [claim(run, ALICE), claim(run, BOB)]
    expect([first, second].map(({ jobs }) => jobs[0]?.name)).deep.equal([utf8Hex('a'), utf8Hex('b')])
    expect(first.jobs[0]).deep.include({ status: 'held', tries: 1, endMs: 1_005_000n, body: text('do it') })
    expect(claim(run, CAROL).outcome).equal('none')
    expect(tell(run, ALICE, 'done', first.jobs[0]!).jobs[0]).deep.include({
      status: 'done',
      body: text('ok'),
    })
    expect(add(run, 'a').outcome, 'done is not gone').equal('exists')
    expect(list(run)).deep.equal(['b held', 'a done'])
  })

  it('a job whose worker is silent waits again at its place, after the lease and the skew', () => {
    const run = new Run(workAssignment)
    for (const name of ['a', 'b']) add(run, name)
    const old = claim(run, ALICE).jobs[0]!
    expect(list(run.turn(5_499))).deep.equal(['a held', 'b waiting'])
    expect(list(run.turn(1))).deep.equal(['a waiting', 'b waiting'])
    const next = claim(run, BOB).jobs[0]!
    expect(next).deep.include({ name: old.name, tries: 2 })
    expect(next.token > old.token).equal(true)
    // woken after its lease
    for (const kind of ['renew', 'done', 'fail'] as const)
      expect(tell(run, ALICE, kind, old)).deep.equal({ outcome: 'lost', jobs: [next] })
    expect(tell(run, BOB, 'done', next).outcome).equal('done')
  })

  it('a worker that wakes after its lease may not finish, whether or not somebody else has the job, nor under another token', () => {
    const run = new Run(workAssignment)
    add(run, 'a')
    const old = claim(run, ALICE).jobs[0]!
    expect(tell(run.turn(5_500), ALICE, 'done', old).outcome).equal('lost')
    const again = claim(run, ALICE).jobs[0]!
    expect(tell(run, ALICE, 'done', old).outcome).equal('lost')
    expect(tell(run, ALICE, 'done', { ...again, token: again.token + 1n }).outcome).equal('lost')
    expect(tell(run, ALICE, 'done', again).outcome).equal('done')
  })

  it('nobody else finishes a job, and the same name at another member is another worker', () => {
    const run = new Run(workAssignment)
    add(run, 'a')
    const held = claim(run, ALICE).jobs[0]!
    const other = { proposer: keyOf(9), owner: ALICE!.owner }
    for (const who of [BOB, other]) expect(tell(run, who, 'done', held).outcome).equal('lost')
    expect(tell(run, ALICE, 'done', { ...held, name: utf8Hex('none') })).deep.equal({
      outcome: 'lost',
      jobs: [],
    })
  })

  it('a renewal keeps the token; done asked again is done once', () => {
    const run = new Run(workAssignment)
    add(run, 'a')
    const held = claim(run, ALICE).jobs[0]!
    const renewed = tell(run.turn(4_000), ALICE, 'renew', held).jobs[0]!
    expect(renewed).deep.equal({ ...held, endMs: held.endMs + 4_000n })
    const done = tell(run.turn(5_499), ALICE, 'done', held)
    expect(done.outcome).equal('done')
    expect(tell(run.turn(60_000), ALICE, 'done', held)).deep.equal(done)
    expect(tell(run, ALICE, 'fail', held).outcome).equal('lost')
  })

  it('a job that is given back waits behind the others, and has failed after its last try, as one that was left has', () => {
    const run = new Run(workAssignment)
    for (const name of ['a', 'b']) add(run, name, 2)
    const first = claim(run, ALICE).jobs[0]!
    expect(tell(run.turn(10), ALICE, 'fail', first).outcome).equal('done')
    expect(list(run)).deep.equal(['b waiting', 'a waiting'])
    const left = claim(run, BOB).jobs[0]!
    const again = claim(run, ALICE).jobs[0]!
    expect(again).deep.include({ name: first.name, tries: 2 })
    expect(tell(run.turn(10), ALICE, 'fail', again).jobs[0]?.status).equal('failed')
    expect(list(run.turn(6_000))).deep.equal(['b waiting', 'a failed'])
    expect(claim(run, BOB).jobs[0]?.token).not.equal(left.token)
    expect(list(run.turn(6_000))).deep.equal(['b failed', 'a failed'])
    expect(claim(run, BOB).outcome).equal('none')
  })

  it('a job that is given back in the height of its claim is free from the next height on', () => {
    const run = new Run(workAssignment)
    add(run, 'a')
    const held = claim(run, ALICE).jobs[0]!
    expect(tell(run, ALICE, 'fail', held).jobs[0]?.status).equal('waiting')
    expect(claim(run, BOB).outcome).equal('none')
    expect(claim(run.turn(0), BOB).jobs[0]!.token > held.token).equal(true)
  })

  it('when it is full, jobs that are over give way, oldest first, but not those of the same height', () => {
    const run = new Run(workAssignment)
    let count = 0
    while (add(run, `j${count}`).outcome === 'done') count += 1
    expect(count).greaterThan(90)
    const held = [1, 2, 3].map(() => claim(run, ALICE).jobs[0]!)
    for (const job of held.toReversed()) tell(run, ALICE, 'done', job)
    const free = MACHINE_BYTES_MAX - run.state.reduce((sum, job) => sum + roomOf(job), 0)
    const head = roomOf({ ...held[0]!, name: utf8Hex('new') }) - OUTPUT_BYTES_MAX
    // one byte more than there is room for
    const body = new Uint8Array(free - head + 1)
    expect(add(run, 'new', 3, body).outcome).equal('full')
    run.turn(10)
    expect(add(run, 'new', 3, body).outcome).equal('done')
    expect(held.map(({ name }) => run.state.some((job) => job.name === name))).deep.equal([true, true, false])
    const job = fromHex(held[2]!.name)
    expect(add(run, new TextDecoder().decode(job)).outcome, 'its name is free again').equal('done')
    expect(claim(run, BOB).jobs[0]!.token > held[2]!.token).equal(true)
  })

  it('a job has one holder at a time and one at its end; its tokens rise', () => {
    const move = fc.record({
      who: fc.nat(2),
      kind: fc.constantFrom('add', 'claim', 'claim', 'renew', 'done', 'fail', 'fail'),
      of: fc.constantFrom(0, 0, 1, 2),
      isOther: fc.constantFrom(false, false, true),
      wait: fc.constantFrom(0, 0, 500, 3_000, 6_000),
      isNewHeight: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(move, { maxLength: 60 }), (moves) => {
        const run = new Run(workAssignment)
        const grants: { who: number; job: Job }[] = []
        const ends = new Set<string>()
        const fences = new Map<string, (token: bigint) => boolean>()
        let added = 0
        for (const { who, kind, of, isOther, wait, isNewHeight } of moves) {
          if (isNewHeight) run.turn(wait)
          const worker = [ALICE, BOB, CAROL][who]
          if (kind === 'add') add(run, `j${(added += 1)}`, 4)
          else if (kind === 'claim') {
            const [job] = claim(run, worker, 3_000).jobs
            if (job === undefined) continue
            const before = grants.filter((grant) => grant.job.name === job.name)
            for (const grant of before) expect(job.token > grant.job.token, 'tokens rise').equal(true)
            let kept = 0n
            const fence =
              fences.get(job.name) ??
              makeFence(
                () => kept,
                (token) => (kept = token),
              )
            fences.set(job.name, fence)
            expect(fence(job.token)).equal(true)
            for (const grant of before) expect(fence(grant.job.token)).equal(false)
            grants.push({ who, job })
          } else {
            const grant = grants[grants.length - 1 - of]
            if (grant === undefined) continue
            const isLast = grants.findLast(({ job }) => job.name === grant.job.name) === grant
            // within the height of its claim, too: as if it could tell its token before it is decided
            const teller = isOther ? who : grant.who
            const { outcome } = tell(run, [ALICE, BOB, CAROL][teller], kind, grant.job)
            if (teller !== grant.who || !isLast) expect(outcome).equal('lost')
            if (kind !== 'done' || outcome !== 'done') continue
            ends.add(`${grant.job.name} ${grant.job.token}`)
          }
        }
        const names = [...ends].map((end) => end.split(' ')[0])
        expect(new Set(names).size, 'each is done under one token').equal(names.length)
      }),
      { seed: 20261201, numRuns: 400 },
    )
  })
})
