import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { writeControl } from '../../../src/cli/control/file.ts'
import { fromHex, toHex } from '../../../src/codec/hex.ts'
import { workAssignment } from '../../../src/reducers/machines/work-assignment.ts'
import type { Hex } from '../../../src/types/ids.ts'
import { EXIT } from '../../../src/types/exit-codes.ts'
import { rsdpHere } from '../../helpers/cli.ts'
import { Run } from '../../helpers/machine-run.ts'

const TASK = { task: '7', reducer: workAssignment.id, params: '0x', member: 0, members: 4, heights: 10 }

interface Shown {
  readonly outcome: string
  readonly job: Readonly<Record<string, unknown>> | null
  readonly jobs: readonly Readonly<Record<string, unknown>>[]
}

describe('rsdp work', () => {
  const dir = mkdtempSync(join(tmpdir(), 'rsdp-work-'))
  const machine = new Run(workAssignment)
  // a node that decides each command at once, by the machine itself
  const server = createServer((request, response) => {
    const answer = (body: object): void => void response.end(JSON.stringify(body))
    if (request.url === '/v1/tasks') return answer({ tasks: [{ ...TASK, decided: 1, takesInput: false }] })
    if (request.url === '/v1/lines') return answer({ lines: [] })
    let text = ''
    request.on('data', (chunk: Buffer) => (text += chunk.toString()))
    request.on('end', () => {
      const { command } = JSON.parse(text) as { command: Hex }
      answer({ height: Number(machine.height), result: toHex(machine.apply(fromHex(command))) })
    })
  })

  before(async () => {
    await new Promise<void>((done) => void server.listen(0, '127.0.0.1', done))
    const { port } = server.address() as AddressInfo
    writeControl(dir, { schema: 2, pid: process.pid, key: 'a key', port, token: 'ab'.repeat(32) })
  })
  after(() => {
    server.close()
    rmSync(dir, { recursive: true, force: true })
  })

  const rsdp = async (...args: readonly string[]): Promise<{ code: number | null } & Shown> => {
    const run = await rsdpHere('work', ...args, '--data-dir', dir, '--json')
    const { data } = JSON.parse(run.stdout === '' ? '{}' : run.stdout) as { data?: Shown }
    return { code: run.code, ...(data ?? { outcome: 'refused', job: null, jobs: [] }) }
  }

  it('refuses names that are none, tokens and tries that are no numbers, bodies that are too long', async () => {
    for (const wrong of [
      ['claim', '', '--as', 'w'],
      ['claim', 'q'],
      ['add', 'q', 'j', '--tries', '0'],
      ['add', 'q', 'j', '--body', 'x'.repeat(513)],
      ['done', 'q', 'j', '--as', 'w'],
      ['done', 'q', 'j', '--as', 'w', '--token', '0x05'],
      ['done', 'q', 'j', '--as', 'w', '--token', String(2n ** 128n)],
      ['done', 'q', 'j', '--as', 'w', '--token', '5', '--output', 'x'.repeat(65)],
    ])
      expect((await rsdp(...wrong)).code, wrong.join(' ')).equal(EXIT.usage)
    expect(machine.state).deep.equal([])
  })

  it('adds, claims, renews and finishes a job; says with exit 7 what is not as asked', async () => {
    expect((await rsdp('claim', 'mails', '--as', 'w')).code).equal(EXIT.busy)
    const added = await rsdp('add', 'mails', '42', '--body', 'to: alice', '--tries', '2')
    expect(added).deep.include({ code: EXIT.ok, outcome: 'done' })
    expect(added.job).deep.include({ job: '42', status: 'waiting', body: 'to: alice', holder: null })
    expect(await rsdp('add', 'mails', '42')).deep.include({ code: EXIT.busy, outcome: 'exists' })

    const { job: claimed } = await rsdp('claim', 'mails', '--as', 'w', '--ttl', '5')
    expect(claimed).deep.include({
      job: '42',
      status: 'held',
      tries: 1,
      triesMax: 2,
      holder: 'w',
      token: '1',
    })
    const held = ['--as', 'w', '--token', '1']
    machine.turn(4_000)
    const { job: renewed } = await rsdp('renew', 'mails', '42', ...held, '--ttl', '5')
    expect(renewed?.['endMs']).equal(Number(claimed?.['endMs']) + 4_000)
    const other = await rsdp('done', 'mails', '42', '--as', 'other', '--token', '1')
    expect(other).deep.include({ code: EXIT.busy, outcome: 'lost' })
    expect((await rsdp('fail', 'mails', '42', ...held)).job).deep.include({ status: 'waiting' })

    machine.turn(10)
    const again = (await rsdp('claim', 'mails', '--as', 'w')).job
    const done = await rsdp(
      'done',
      'mails',
      '42',
      '--as',
      'w',
      '--token',
      String(again?.['token']),
      '--output',
      'sent',
    )
    expect(done).deep.include({ code: EXIT.ok, outcome: 'done' })
    expect((await rsdp('list', 'mails')).jobs).deep.equal([done.job])
    expect(done.job).deep.include({ status: 'done', output: 'sent', tries: 2, token: '3' })
    const text = await rsdpHere('work', 'list', 'mails', '--data-dir', dir)
    expect(text).deep.include({ code: EXIT.ok, stdout: '42  done  try 2 of 2  w  token 3\n' })
    expect((await rsdpHere('work', 'list', 'none', '--data-dir', dir)).stdout).equal('no jobs\n')
  })
})
