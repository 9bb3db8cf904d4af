import { expect } from 'chai'
import { auditTask } from '../../../src/audit/audit-task.ts'
import { differences } from '../../../src/audit/diff.ts'
import type { Candidate } from '../../../src/audit/draw.ts'
import { drawSeats, operatorCap } from '../../../src/audit/draw.ts'
import type { Layout } from '../../../src/audit/packed.ts'
import { packedFieldAt, packedFields } from '../../../src/audit/packed.ts'
import type { AuditReport } from '../../../src/audit/report.ts'
import { fieldPath } from '../../../src/audit/report.ts'
import { recoverSigner, splitSignatures } from '../../../src/audit/signatures.ts'
import { createKeyring } from '../../../src/adapters/keys/keyring.ts'
import { concatHex, fromHex, keccak, uint, utf8Hex } from '../../../src/codec/hex.ts'
import type { TaskHistory } from '../../../src/ports/chain-history.ts'
import type { EventName, EventRecord } from '../../../src/ports/history-events.ts'
import type { Address, Hex } from '../../../src/types/ids.ts'
import { makeHistory, withEvent } from '../../helpers/audit-history.ts'
import { NIL } from '../../../src/types/ids.ts'

const address = (text: string): Address => `0x${keccak(utf8Hex(text)).slice(26)}`
const fields = (report: AuditReport): string[] => report.findings.map(({ field }) => field)

describe('audit: two tellings of one fact', () => {
  const { history } = makeHistory()

  /** An audit in which the transaction of an event is served otherwise. */
  function served(
    name: EventName,
    change: (event: EventRecord) => Partial<EventRecord['transaction']>,
  ): AuditReport {
    return auditTask(
      withEvent(history, name, (event) => {
        const transaction = { ...event.transaction!, ...change(event) }
        return { ...event, transaction }
      }),
    )
  }

  const withArgs = (name: EventName, args: object, base: TaskHistory = history, index = 0): TaskHistory =>
    withEvent(base, name, (event) => ({ ...event, args: { ...event.args, ...args } }) as typeof event, index)

  it('takes the event for wrong when the calldata is bound', () => {
    const report = auditTask(withArgs('LedgerEvent', { data: '0x00000000000002bd' }))
    expect(report.findings).to.have.length(1)
    expect(fieldPath(report.findings[0]!)).to.equal('LedgerEvent[seq 1].data')
    expect(report.counts.aggregatesRecomputed).to.equal(8)
  })

  it('takes the calldata for wrong when its hash is not right', () => {
    const report = served('LedgerEvent', ({ transaction }) => ({
      signed: concatHex(transaction!.signed!, '00'),
      call: { name: 'postEvent', args: { taskId: 1n, data: '0xff' } },
    }))
    expect(fields(report)).to.deep.equal(['postEvent().data'])
  })

  it('blames the transaction when no argument is to blame', () => {
    const report = served('LedgerEvent', ({ transaction }) => ({
      signed: concatHex(transaction!.signed!, '00'),
    }))
    expect(fields(report)).to.deep.equal(['postEvent().transaction'])
  })

  it('compares what it can where the encoding of a transaction is not known', () => {
    expect(fields(served('LedgerEvent', () => ({ signed: null })))).to.deep.equal([])
    const report = served('LedgerEvent', () => ({
      signed: null,
      call: { name: 'postEvent', args: { taskId: 1n, data: '0xff' } },
    }))
    expect(fields(report)).to.deep.equal(['LedgerEvent.data'])
  })

  it('does not compare calldata of somebody else’s contract', () => {
    const report = served('Checkpointed', () => ({ signed: null, to: address('multisig') }))
    expect(fields(report)).to.deep.equal([])
    expect(report.unavailable.map(({ field }) => field)).to.include('checkpoint().signatures')
    expect(report.verdict).to.equal('unavailable')
    expect(report.counts.heightsAttested).to.equal(4)
  })

  it('names a call that cannot have emitted the event', () => {
    const report = served('LedgerEvent', () => ({
      call: { name: 'form', args: { taskId: 1n, header: '0x', parent: '0x' } },
    }))
    expect(fields(report)).to.deep.equal(['LedgerEvent.transactionHash'])
  })

  it('names the sender that did not sign', () => {
    const report = served('TaskPublished', () => ({ from: address('mallory') }))
    expect(fields(report)).to.deep.equal(['publish().from'])
  })

  it('refuses parameters that do not have their hash, and says which of the two is wrong', () => {
    const event = history.events.find((one) => one.name === 'TaskPublished')!
    const indirect = withEvent(history, 'TaskPublished', (one) => ({ ...one, transaction: null }))
    const params = { ...event.args.params, rewardPerHeight: 43n }
    expect(fields(auditTask(withArgs('TaskPublished', { params }, indirect)))).to.deep.equal([
      'TaskPublished.params',
    ])
    const paramsHash = keccak('0x')
    expect(fields(auditTask(withArgs('TaskPublished', { paramsHash }, indirect)))).to.deep.equal([
      'TaskPublished.paramsHash',
    ])
  })

  it('refuses a cluster of another drawing, in event, code and hash alike', () => {
    const { history: other, cluster } = makeHistory()
    const [first, second, ...rest] = cluster.members
    const swapped = [second!, first!, ...rest]
    const code = concatHex(
      ...swapped.flatMap(({ key, operator, weight }) => [key, operator, uint(weight, 2)]),
    )
    const report = auditTask({
      ...withArgs(
        'ClusterFormed',
        {
          signingKeys: swapped.map(({ key }) => key),
          operators: swapped.map(({ operator }) => operator),
          snapshotHash: keccak(code),
        },
        other,
      ),
      snapshotCode: new Map([[other.views.task.snapshot, concatHex('00', code)]]),
    })
    expect(fields(report)).to.include.members(['ClusterFormed.signingKeys', 'ClusterFormed.cluster'])
  })

  it('refuses seats of strangers, and more than a third for one operator', () => {
    const formed = history.events.find((one) => one.name === 'ClusterFormed')!
    const operators = [...formed.args.operators]
    operators[1] = operators[0]!
    const code = concatHex(...formed.args.signingKeys.flatMap((key, i) => [key, operators[i]!, uint(1, 2)]))
    const report = auditTask({
      ...withArgs('ClusterFormed', { operators, snapshotHash: keccak(code) }),
      snapshotCode: new Map([[history.views.task.snapshot, concatHex('00', code)]]),
    })
    expect(fields(report)).to.include.members(['ClusterFormed.operators[1]', 'ClusterFormed.operators'])
  })

  it('refuses contracts other than those of the deployment file', () => {
    const report = auditTask({
      ...history,
      chainId: 1n,
      code: { ...history.code, PhaseLog: '0x', TaskBoard: '0x60' },
    })
    expect(fields(report)).to.deep.equal(['chainId', 'TaskBoard.code', 'PhaseLog.code'])
  })

  it('refuses a sign-up by a stranger, and a lock of another amount', () => {
    const stranger = history.events.find((one) => one.name === 'TaskPublished')!.transaction
    const joined = history.events.find((one) => one.name === 'Joined')!
    const call = { name: 'join', args: { taskId: 1n, key: joined.args.key, termsHash: NIL } } as const
    const report = auditTask(
      withEvent(history, 'Joined', (event) => ({
        ...event,
        transaction: { ...stranger!, block: event.block, call },
      })),
    )
    expect(fields(report)).to.include('Joined.key')
    expect(fields(auditTask(withArgs('StakeLocked', { amount: 1n })))).to.deep.equal(['StakeLocked.amount'])
  })

  it('refuses a sign-up that agreed to other terms', () => {
    const report = auditTask(
      withEvent(history, 'Joined', (event) => {
        const args = { taskId: 1n, key: event.args.key, termsHash: NIL }
        return { ...event, transaction: { ...event.transaction!, call: { name: 'join', args } } }
      }),
    )
    expect(fields(report)).to.include('join().termsHash')
  })

  it('refuses an event of a stranger', () => {
    const indirect = withEvent(history, 'LedgerEvent', (one) => ({ ...one, transaction: null }))
    const report = auditTask(withArgs('LedgerEvent', { originator: address('mallory') }, indirect))
    // what hashes the originator in goes wrong with it
    expect(fields(report)[0]).to.equal('LedgerEvent.originator')
  })
})

describe('audit: names of fields', () => {
  it('names every byte of packed bytes', () => {
    const layout = (name: string): Layout => ({ name, members: 4 })
    const batch: Hex = `0x${'00'.repeat(136)}`
    expect(packedFields(layout('batch'), batch)).to.have.length(10)
    expect(packedFieldAt(layout('batch'), batch, 0).path).to.equal('.hint[0]')
    expect(packedFieldAt(layout('batch'), batch, 68 + 33).path).to.equal('.inputsRoot[1]')
    expect(packedFieldAt(layout('batch'), batch, 136).path).to.equal('.length')
    expect(packedFieldAt(layout('inputs'), '0x0180', 1).path).to.equal('[0][0].member')
    expect(packedFields(layout('unknown'), batch)).to.deep.equal([])
  })

  it('finds every leaf in which two values differ', () => {
    const better = { a: [1n, 2n], b: { c: '0x01', d: true } }
    const other = { a: [1n, 3n], b: { c: '0x02', d: true } }
    expect(differences(better, other).map(({ path }) => path)).to.deep.equal(['.a[1]', '.b.c'])
    expect(differences([1n], [1n, 2n])[0]).to.include({ path: '.length', better: 1n, other: 2n })
    expect(differences('0x0102', '0x01', '', { name: 'batch', members: 4 })[0]?.path).to.equal('.length')
  })
})

describe('audit: the drawing', () => {
  const seed = keccak(utf8Hex('seed'))
  const people = (count: number, operators = count): Candidate[] =>
    Array.from({ length: count }, (_, i) => ({
      index: i,
      key: address(`key ${i}`),
      operator: address(`operator ${i % operators}`),
    }))

  it('gives nobody a third', () => {
    expect([4, 6, 7, 31].map(operatorCap)).to.deep.equal([1, 1, 2, 10])
    const seats = drawSeats(seed, people(20, 4), 4, 20)
    const held = new Map<Address, number>()
    for (const { operator } of seats) held.set(operator, (held.get(operator) ?? 0) + 1)
    expect(Math.max(...held.values())).to.be.at.most(operatorCap(seats.length))
  })

  it('draws nobody if the smallest cluster cannot be filled', () => {
    expect(drawSeats(seed, people(3), 4, 7)).to.deep.equal([])
    expect(drawSeats(seed, people(9, 3), 4, 9)).to.deep.equal([])
  })

  it('draws each at most once, and depends on the seed', () => {
    const seats = drawSeats(seed, people(12), 4, 7)
    expect(new Set(seats.map(({ key }) => key)).size).to.equal(7)
    expect(drawSeats(keccak(seed), people(12), 4, 7)).to.not.deep.equal(seats)
  })
})

describe('audit: signatures', () => {
  const key = createKeyring(fromHex(keccak(utf8Hex('key'))))
  const digest = keccak(utf8Hex('digest'))
  const signature = key.sign(digest)

  it('recovers the signer', () => {
    expect(recoverSigner(digest, signature)).to.equal(key.address)
  })

  it('refuses every other form of the same signature', () => {
    const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
    const high = uint(order - BigInt(`0x${signature.slice(66, 130)}`), 32)
    const flipped = signature.endsWith('1b') ? '1c' : '1b'
    expect(recoverSigner(digest, concatHex(signature.slice(0, 66), high, flipped))).to.equal(null)
    expect(recoverSigner(digest, concatHex(signature.slice(0, 130), '00'))).to.equal(null)
    expect(recoverSigner(digest, '0x')).to.equal(null)
    expect(recoverSigner(digest, concatHex('ff'.repeat(32), signature.slice(66)))).to.equal(null)
  })

  it('splits packed signatures, the last one maybe short', () => {
    expect(splitSignatures(concatHex(signature, signature, '00'))).to.deep.equal([
      signature,
      signature,
      '0x00',
    ])
  })
})
