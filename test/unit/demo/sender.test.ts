import { expect } from 'chai'
import fc from 'fast-check'
import { RequestQueue } from '../../../src/demo/request-queue.ts'
import type { Request } from '../../../src/demo/request-queue.ts'
import { Sender } from '../../../src/demo/sender.ts'
import type { Provider, SendAnswer, Session } from '../../../src/demo/sender.ts'
import { VirtualClock } from '../../../src/adapters/memory/clock.ts'
import { holdsAsync } from '../../helpers/holds.ts'
import { LocalProvider, passTime, WINDOW_MS } from '../../../src/demo/local-provider.ts'

const of = (id: string, tokens: bigint, arrival = 0): Request => ({ id, tokens, arrival })

/** What reached a provider, by session window, and which requests it took, even if nobody heard of it. */
class Recorder implements Provider {
  readonly sent = new Map<number, bigint>()
  readonly served: string[] = []
  readonly nexts: number[] = []
  isDown = false
  /** The answer to the n-th request is lost on its way back. */
  lost: (n: number) => boolean = () => false
  #inner: LocalProvider
  #count = 0

  constructor(inner: LocalProvider) {
    this.#inner = inner
  }

  /** A new process in the place of the old one: it knows no sessions. */
  restart(inner: LocalProvider): void {
    this.#inner = inner
  }

  session(name: string, next: number): Promise<Session> {
    if (this.isDown) return Promise.reject(new Error('down'))
    this.nexts.push(next)
    return this.#inner.session(name, next)
  }

  async send(request: Parameters<Provider['send']>[0]): Promise<SendAnswer> {
    if (this.isDown) throw new Error('down')
    const answer = await this.#inner.send(request)
    const window = request.window - this.#inner.firstWindow + 1
    if (answer.kind === 'served' || answer.kind === 'rejected') {
      this.sent.set(window, (this.sent.get(window) ?? 0n) + request.tokens)
    }
    if (answer.kind === 'served') this.served.push(request.id)
    this.#count += 1
    if (this.lost(this.#count)) throw new Error('connection lost')
    return answer
  }
}

function world(requests: readonly Request[], budget: number, allowance: (window: number) => bigint) {
  const clock = new VirtualClock()
  const provider = new Recorder(new LocalProvider(clock, budget))
  const queue = new RequestQueue(requests)
  const sender = new Sender({ provider, session: 's', queue, allowance, windows: 10, clock })
  return { clock, provider, queue, sender }
}

describe('Sender', () => {
  it('sends nothing without an allowance, and nothing before the first window', async () => {
    const { clock, provider, sender } = world([of('a', 1n)], 100, (window) => (window === 3 ? 1n : 0n))
    sender.start()
    await passTime(clock, 2.9 * WINDOW_MS)
    expect(provider.served).to.deep.equal([])
    await passTime(clock, WINDOW_MS)
    expect([...provider.sent]).to.deep.equal([[3, 1n]])
  })

  it('has the whole allowance again in every window', async () => {
    const requests = [1, 2, 3, 4, 5].map((i) => of(String(i), 10n))
    const { clock, provider, sender } = world(requests, 100, () => 20n)
    sender.start()
    await passTime(clock, 5 * WINDOW_MS)
    expect([...provider.sent]).to.deep.equal([
      [1, 20n],
      [2, 20n],
      [3, 10n],
    ])
  })

  it('leaves the rest of a window alone after a 429, and tries again in the next', async () => {
    const requests = [of('a', 60n), of('b', 60n), of('c', 1n)]
    const { clock, provider, queue, sender } = world(requests, 100, () => 1_000n)
    sender.start()
    await passTime(clock, 1.9 * WINDOW_MS)
    expect(provider.served).to.deep.equal(['a'])
    expect(provider.sent.get(1), 'a and the refused b').to.equal(120n)
    await passTime(clock, WINDOW_MS)
    expect(provider.served).to.deep.equal(['a', 'b', 'c'])
    expect(queue.totals()).to.deep.include({ queued: 0n, served: 121n })
  })

  it('drops what no window can serve', async () => {
    const { clock, provider, queue, sender } = world([of('a', 101n), of('b', 5n)], 100, () => 1_000n)
    sender.start()
    await passTime(clock, 2 * WINDOW_MS)
    expect(provider.served).to.deep.equal(['b'])
    expect(queue.totals()).to.deep.equal({ arrived: 106n, served: 5n, dropped: 101n, queued: 0n })
  })

  it('goes on by its own clock while the provider is away, and comes back with the number of the window', async () => {
    const { clock, provider, queue, sender } = world([of('a', 1n, 2.5)], 100, () => 10n)
    sender.start()
    await passTime(clock, 2.5 * WINDOW_MS)
    provider.isDown = true
    let isReached = false
    void sender.reached(4).then(() => (isReached = true))
    await passTime(clock, 2 * WINDOW_MS)
    expect(sender.isUp).to.equal(false)
    expect(isReached, '1 window before the session and 3.5 of it').to.equal(false)
    await passTime(clock, WINDOW_MS)
    expect(isReached).to.equal(true)
    provider.restart(new LocalProvider(clock, 100))
    provider.isDown = false
    await passTime(clock, 2 * WINDOW_MS)
    expect(provider.nexts[0]).to.equal(1)
    expect(provider.nexts.at(-1), 'the window after the one that runs').to.be.within(6, 8)
    expect(sender.isUp).to.equal(true)
    expect(queue.totals().served).to.equal(1n)
  })

  it('lets nobody wait for a provider that has never answered', async () => {
    const { clock, provider, sender } = world([], 1, () => 0n)
    provider.isDown = true
    sender.start()
    const reached = sender.reached(7)
    await passTime(clock, 100)
    await reached
    provider.isDown = false
    await passTime(clock, 2 * WINDOW_MS)
    expect(provider.nexts, 'the number it was waited for').to.deep.equal([7])
  })

  it('sends in no window more than its allowance, whatever is refused, lost or unanswered', async function () {
    this.timeout(60_000)
    const requests = fc.array(
      fc.record({ tokens: fc.bigInt(1n, 40n), gap: fc.double({ min: 0, max: 1, noNaN: true }) }),
    )
    const allowances = fc.array(fc.bigInt(0n, 100n), { minLength: 1, maxLength: 6 })
    const faults = fc.record({
      budget: fc.integer({ min: 1, max: 80 }),
      loseEvery: fc.integer({ min: 2, max: 9 }),
    })
    await holdsAsync(
      fc.asyncProperty(requests, allowances, faults, async (gaps, shares, { budget, loseEvery }) => {
        let arrival = 0
        const all = gaps.map(({ tokens, gap }, i) => of(String(i), tokens, (arrival += gap)))
        const allowance = (window: number): bigint => shares[window - 1] ?? 0n
        const { clock, provider, queue, sender } = world(all, budget, allowance)
        provider.lost = (n) => n % loseEvery === 0
        sender.start()
        await passTime(clock, 12 * WINDOW_MS)
        expect(clock.nextMs(), 'it has ended by itself').to.equal(null)
        for (const [window, sent] of provider.sent) {
          expect(sent <= allowance(window), `window ${String(window)}: ${String(sent)}`).to.equal(true)
        }
        const { arrived, served, dropped, queued } = queue.totals()
        expect(served + dropped + queued).to.equal(arrived)
      }),
      25,
    )
  })
})
