import { expect } from 'chai'
import fc from 'fast-check'
import { lineEventId } from '../../../src/api/line-events.ts'
import type { LineTask } from '../../../src/api/served-lines.ts'
import { followLine } from '../../../src/api/line-reader.ts'
import type { AnswerOf } from '../../../src/api/routes.ts'
import { TaskFeed } from '../../../src/api/task-feed.ts'
import type { DecidedState, StateSource } from '../../../src/ports/state-source.ts'
import type { Address } from '../../../src/types/ids.ts'

const LINE: Address = `0x${'1e'.repeat(20)}`
const HEIGHTS = 9

interface Told {
  readonly id: number
  readonly data: AnswerOf<'lineEvents'>
}

/** A line at a node, and its tasks as the node runs them. */
class World {
  readonly feed = new TaskFeed(() => Promise.resolve(true))
  readonly tasks: LineTask[] = []
  readonly sources = new Map<bigint, StateSource>()
  readonly decided = new Map<bigint, number>()
  readonly #application = this.feed.follow({
    reducers: [],
    open: () => ({ observe: () => Promise.resolve(new Uint8Array()), decided: () => undefined }),
    drawnElsewhere: () => undefined,
  })

  next(predecessor: bigint, isOwn = true): bigint {
    const taskId = BigInt(this.tasks.length + 1)
    this.tasks.push({ taskId, predecessor, members: [] })
    if (!isOwn) {
      this.#application.drawnElsewhere?.(LINE, taskId, predecessor)
      return taskId
    }
    const source = this.#application.open({
      ...{ taskId, reducer: 'kv-config@1', self: 0, members: 4, decided: [], bodiesAt: () => null },
      params: { reducerParams: '0x', heights: HEIGHTS, inputCap: 9 },
      statesFrom: (height, count): DecidedState[] =>
        Array.from({ length: count }, (_, i) => ({ height: height + i, state: Uint8Array.of(height + i) })),
    })
    if (source !== null) this.sources.set(taskId, source)
    this.decided.set(taskId, 0)
    return taskId
  }

  decide(taskId: bigint): void {
    const height = (this.decided.get(taskId) ?? 0) + 1
    this.decided.set(taskId, height)
    this.sources.get(taskId)?.decided({ height, state: Uint8Array.of(height) })
  }

  end(taskId: bigint, height: number): void {
    this.sources.get(taskId)?.ended?.(height, new Uint8Array())
  }

  read(after: number | null): { readonly told: Told[]; readonly stop: () => void } {
    const told: Told[] = []
    const follow = followLine(
      { lines: () => new Map([[LINE, this.tasks]]), whereabouts: () => [] },
      this.feed,
      LINE,
    )
    const stop = follow(
      after,
      ({ id, data }) => void told.push({ id, data: data as Told['data'] }),
      () => undefined,
    )
    return { told, stop }
  }
}

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))
const words = (told: readonly Told[]): string[] =>
  told.map(({ data }) => {
    if (data.kind === 'decided') return `${data.task}/${String(data.height)}`
    if (data.kind === 'skipped') return `${data.task} skipped ${String(data.from)}…${String(data.to ?? '')}`
    return `${data.task} superseded above ${String(data.above)}`
  })

describe('events of a line', () => {
  let world: World
  beforeEach(() => (world = new World()))

  it('are refused for a line that this node was not drawn for', () => {
    const node = { lines: () => new Map(), whereabouts: () => [] }
    expect(() => followLine(node, world.feed, LINE)).throw('drawn for no such line')
  })

  it('go over a seam once the task is ended and its heights are told, never before', async () => {
    world.next(0n)
    const { told } = world.read(null)
    world.decide(1n)
    world.decide(1n)
    world.next(1n)
    world.decide(2n)
    await turn()
    expect(words(told)).deep.equal(['1/1', '1/2'])
    world.end(1n, 2)
    await turn()
    expect(words(told)).deep.equal(['1/1', '1/2', '2/1'])
    expect(told.map(({ id }) => id)).deep.equal([lineEventId(1n, 1), lineEventId(1n, 2), lineEventId(2n, 1)])
  })

  it('say what the line has not gone on from, and which heights this node has not', async () => {
    world.next(0n)
    const { told } = world.read(null)
    for (let i = 0; i < 3; i += 1) world.decide(1n)
    world.next(1n)
    world.end(1n, 2)
    world.decide(2n)
    await turn()
    expect(words(told)).deep.equal(['1/1', '1/2', '1/3', '1 superseded above 2', '2/1'])
    // this node is behind, and lets go of the task
    world.next(2n)
    world.end(2n, 5)
    await turn()
    expect(told).length(5)
    world.sources.get(2n)?.over?.()
    world.decide(3n)
    await turn()
    expect(words(told.slice(5))).deep.equal(['2 skipped 2…5', '3/1'])
    world.next(3n, false)
    world.end(3n, 1)
    world.next(4n)
    world.decide(5n)
    await turn()
    expect(words(told.slice(7))).deep.equal(['4 skipped 1…', '5/1'])
  })

  it('a task that is passed over counts for nothing', async () => {
    world.next(0n)
    world.decide(1n)
    world.end(1n, 1)
    world.next(1n)
    world.decide(2n)
    const { told } = world.read(null)
    await turn()
    world.next(1n)
    world.decide(3n)
    await turn()
    expect(words(told)).deep.equal(['1/1', '2/1', '2 superseded above 0', '3/1'])
  })

  it('a reader that comes back gets the rest, once, also from a task that the node has forgotten', () => {
    world.next(0n)
    for (let i = 0; i < 3; i += 1) world.decide(1n)
    expect(words(world.read(lineEventId(1n, 2)).told)).deep.equal(['1/3'])
    world.next(1n)
    world.end(1n, 3)
    world.decide(2n)
    expect(words(world.read(lineEventId(1n, 65_535)).told)).deep.equal(['2/1'])
    world.tasks.shift()
    expect(words(world.read(lineEventId(1n, 2)).told)).deep.equal(['1 skipped 3…', '2/1'])
    // an id from the future waits
    expect(words(world.read(lineEventId(9n, 1)).told)).deep.equal([])
  })

  it('a reader that is gone is told nothing, and holds nothing', async () => {
    world.next(0n)
    let watchers = 0
    const watch = world.feed.watch.bind(world.feed)
    world.feed.watch = (listener) => {
      const unwatch = watch(listener)
      watchers += 1
      return () => {
        watchers -= 1
        unwatch()
      }
    }
    const { told, stop } = world.read(null)
    stop()
    expect(watchers).equal(0)
    world.decide(1n)
    world.next(1n)
    await turn()
    expect(told).deep.equal([])
  })

  it('what a reader has, over any disconnections, is what the line holds (property)', async () => {
    const action = fc.constantFrom(
      'decide',
      'decide',
      'decide',
      'next',
      'skip',
      'elsewhere',
      'end',
      'over',
      'again',
    )
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 40 }), async (actions) => {
        const each = new World()
        const ends = new Map<bigint, number>()
        each.next(0n)
        let { told, stop } = each.read(null)
        const all: Told[] = []
        const again = (): void => {
          stop()
          all.push(...told)
          ;({ told, stop } = each.read(all.at(-1)?.id ?? null))
        }
        for (const one of actions) {
          const last = each.tasks.at(-1)!
          const decided = each.decided.get(last.taskId)
          if (one === 'again') again()
          if (one === 'decide' && decided !== undefined && decided < HEIGHTS && !ends.has(last.taskId))
            each.decide(last.taskId)
          if (one === 'end' && decided !== undefined && !ends.has(last.taskId)) {
            ends.set(last.taskId, Math.max(0, decided - (actions.length % 3)))
            each.end(last.taskId, ends.get(last.taskId)!)
          }
          if (one === 'over' && ends.has(last.taskId)) each.sources.get(last.taskId)?.over?.()
          const goesOn = ends.has(last.taskId) || decided === undefined
          if ((one === 'next' || one === 'elsewhere') && goesOn) each.next(last.taskId, one === 'next')
          if (one === 'skip' && last.predecessor !== 0n) each.next(last.predecessor)
          await turn()
        }
        again()
        await turn()
        all.push(...told)
        stop()
        const path = new Map<bigint, number | null>()
        let at = each.tasks.at(-1)
        while (at !== undefined) {
          path.set(at.taskId, ends.get(at.taskId) ?? null)
          const { predecessor } = at
          at = each.tasks.find(({ taskId }) => taskId === predecessor)
        }
        const held = new Set<string>()
        for (const { data } of all) {
          if (data.kind === 'decided') {
            const name = `${data.task}/${String(data.height)}`
            expect(held.has(name), 'once').equal(false)
            held.add(name)
          }
          if (data.kind === 'superseded')
            for (const name of held) {
              const [task, height] = name.split('/')
              if (task === data.task && Number(height) > data.above) held.delete(name)
            }
        }
        const expected = new Set<string>()
        const newest = each.tasks.at(-1)!.taskId
        for (const [task, end] of path) {
          const decided = each.decided.get(task) ?? 0
          const most = task === newest ? decided : Math.min(decided, end ?? decided)
          for (let height = 1; height <= most; height += 1) expected.add(`${String(task)}/${String(height)}`)
        }
        expect([...held].sort()).deep.equal([...expected].sort())
        const ids = all.map(({ id }) => id)
        expect(ids).deep.equal([...ids].sort((a, b) => a - b))
      }),
      { numRuns: 300 },
    )
  })
})
