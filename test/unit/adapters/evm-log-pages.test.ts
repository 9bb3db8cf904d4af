import { expect } from 'chai'
import { LogPages } from '../../../src/adapters/evm/log-pages.ts'
import { refusalError } from '../../../src/adapters/evm/trouble.ts'
import { RsdpError } from '../../../src/types/errors.ts'
import { EXIT } from '../../../src/types/exit-codes.ts'
import { failure } from '../../helpers/chain-rpc.ts'

const refusal = (message: string, status = 200): RsdpError =>
  refusalError('endpoint', { method: 'eth_getLogs', status, code: -32_000, message })
const down = (reason: string): RsdpError =>
  new RsdpError({
    code: 'E_RPC_DOWN',
    message: reason,
    hint: '',
    exit: EXIT.unreachable,
    details: { reason },
  })

/** Reads a range to its end over an endpoint that gives so many blocks at once. @returns blocks asked for, by request */
async function scan(
  pages: LogPages,
  blocks: number,
  most: () => number,
  error: RsdpError,
): Promise<number[]> {
  const asked: number[] = []
  for (let from = 1; from <= blocks;) {
    const first = from
    const { answer, last } = await pages.read(first, blocks, (to) => {
      asked.push(to - first + 1)
      return to - first + 1 > most() ? Promise.reject(error) : Promise.resolve(to)
    })
    expect(answer).equal(last)
    from = last + 1
  }
  return asked
}

describe('pages of logs', () => {
  const REFUSALS: readonly (readonly [name: string, RsdpError])[] = [
    ['words about the range', refusal('block range is too wide')],
    ['words of its own', refusal('no such luck')],
    ['HTTP 400 without words', down('http-400')],
    ['HTTP 413 without words', down('http-413')],
    ['HTTP 504 of a gateway', down('http-504')],
    ['silence', down('timeout')],
    ['too many bytes', down('too-large')],
    ['a page in HTML', down('not-json')],
  ]
  for (const [name, error] of REFUSALS) {
    it(`${name}: the page is halved, and the size that is found is kept`, async () => {
      const asked = await scan(new LogPages(), 20_000, () => 100, error)
      expect(asked.slice(0, 6)).deep.equal([2_000, 1_000, 500, 250, 125, 63])
      // attempts to grow are few
      expect(asked.filter((blocks) => blocks > 100)).length.lessThan(12)
      expect(asked.length).lessThan(20_000 / 63 + 30)
    })
  }

  it('a page grows again when the endpoint gives more', async () => {
    const pages = new LogPages()
    let most = 10
    await scan(pages, 1_000, () => most, refusal('block range is too wide'))
    most = 10_000
    const asked = await scan(pages, 200_000, () => most, refusal('block range is too wide'))
    expect(asked.at(-2)).equal(2_000)
  })

  for (const [name, error] of [
    ['too many requests', refusal('rate limit exceeded')],
    ['a wrong key', refusal('invalid api key')],
    ['a closed connection', down('closed')],
    ['an endpoint that is gone', down('unreachable')],
  ] as const) {
    it(`${name}: the page is not made smaller`, async () => {
      const asked: number[] = []
      const read = (to: number): Promise<never> => {
        asked.push(to)
        return Promise.reject(error)
      }
      expect((await failure(new LogPages().read(1, 5_000, read))).code).equal(error.code)
      expect(asked).deep.equal([2_000])
    })
  }

  it('gives up at a single block, with what the endpoint says', async () => {
    const pages = new LogPages()
    const error = await failure(
      pages.read(1, 5_000, () => Promise.reject(refusal('block range is too wide'))),
    )
    expect(error).include({ code: 'E_RPC_RANGE' })
    expect(error.message).include('block range is too wide')
  })

  it('an error that is no endpoint’s is thrown at once', async () => {
    const bug = new TypeError('bug')
    expect(await new LogPages().read(1, 9, () => Promise.reject(bug)).catch((error: unknown) => error)).equal(
      bug,
    )
  })

  it('a page that others found too long meanwhile stays short', async () => {
    const pages = new LogPages(16_000)
    const slow = Promise.withResolvers<number>()
    const first = pages.read(1, 2_000, (last) => (last === 2_000 ? slow.promise : Promise.resolve(last)))
    await scan(pages, 2_000, () => 100, refusal('too many blocks'))
    slow.reject(refusal('too many blocks'))
    expect((await first).last).at.most(126)
  })
})
