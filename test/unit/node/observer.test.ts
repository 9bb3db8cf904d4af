import { expect } from 'chai'
import { Observer } from '../../../src/node/observer.ts'
import type { LogLine } from '../../helpers/runner-cluster.ts'
import { recordingLogger } from '../../helpers/runner-cluster.ts'

const SECOND = 20

describe('Observer', () => {
  let answer: (height: number, call: number) => Promise<Uint8Array>
  let calls: number[]
  let lines: LogLine[]
  let observed: [height: number, state: Uint8Array][]
  let observer: Observer

  beforeEach(() => {
    calls = []
    lines = []
    observed = []
    answer = () => Promise.resolve(Uint8Array.of(1))
    observer = new Observer({
      source: {
        observe: (height) => {
          calls.push(height)
          return answer(height, calls.length)
        },
        decided: () => undefined,
      },
      taskId: 7n,
      logger: recordingLogger(lines),
      isValid: (state) => state[0] === 1,
      inputBytesMax: 4,
      secondTicks: SECOND,
      observed: (height, state) => void observed.push([height, state]),
    })
  })

  const settle = async (): Promise<void> => {
    for (let i = 0; i < 8; i += 1) await Promise.resolve()
  }
  const ticks = async (count: number, height = 1): Promise<void> => {
    for (let i = 0; i < count; i += 1) {
      observer.tick(height)
      await settle()
    }
  }

  const failures: readonly (readonly [what: string, answer: () => Promise<Uint8Array>])[] = [
    ['rejects', () => Promise.reject(new Error('no queue'))],
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- an application may
    ['rejects with no error', () => Promise.reject('no queue')],
    [
      'throws',
      () => {
        throw new Error('no queue')
      },
    ],
    ['answers above the cap', () => Promise.resolve(new Uint8Array(5).fill(1))],
    ['answers what is no input', () => Promise.resolve(Uint8Array.of(2))],
    ['answers nothing', () => Promise.resolve(undefined as unknown as Uint8Array)],
    ['answers text', () => Promise.resolve('01' as unknown as Uint8Array)],
  ]
  for (const [what, failure] of failures) {
    it(`asks a source that ${what} again, until it has a state`, async () => {
      answer = (_, call) => (call < 3 ? failure() : Promise.resolve(Uint8Array.of(1, 2)))
      observer.ask(1)
      await settle()
      expect(lines.map(({ level, event, facts }) => [level, event, facts['height']])).to.deep.equal([
        ['error', 'source.failed', 1],
      ])
      await ticks(SECOND)
      expect(calls).to.have.length(2)
      expect(observed).to.be.empty
      await ticks(2 * SECOND)
      expect(calls).to.have.length(3)
      expect(observed).to.deep.equal([[1, Uint8Array.of(1, 2)]])
      await ticks(100 * SECOND)
      expect(calls).to.have.length(3)
    })
  }

  it('waits longer each time, 32 s at most', async () => {
    answer = () => Promise.reject(new Error('no queue'))
    observer.ask(1)
    await settle()
    const at: number[] = []
    for (let tick = 1; tick <= 130 * SECOND; tick += 1) {
      const before = calls.length
      await ticks(1)
      if (calls.length > before) at.push(tick / SECOND)
    }
    expect(at).to.deep.equal([1, 3, 7, 15, 31, 63, 95, 127])
  })

  it('asks no more for a height that is over', async () => {
    answer = () => Promise.reject(new Error('no queue'))
    observer.ask(1)
    await settle()
    await ticks(100 * SECOND, 2)
    expect(calls).to.deep.equal([1])
  })

  it('does not ask twice while a call is under way, but does not wait for it for ever either', async () => {
    answer = () => new Promise(() => undefined)
    observer.ask(1)
    await ticks(31 * SECOND)
    expect(calls).to.have.length(1)
    await ticks(SECOND)
    expect(calls).to.have.length(2)
    await ticks(1_000 * SECOND)
    expect(calls).to.have.length(4)
    answer = () => Promise.resolve(Uint8Array.of(1))
    observer.ask(2)
    await settle()
    expect(observed).to.deep.equal([[2, Uint8Array.of(1)]])
  })

  it('hands out a copy: the source may use its buffer again', async () => {
    const buffer = Uint8Array.of(1, 1)
    answer = () => Promise.resolve(buffer)
    observer.ask(1)
    await settle()
    buffer.fill(9)
    expect(observed).to.deep.equal([[1, Uint8Array.of(1, 1)]])
  })
})
