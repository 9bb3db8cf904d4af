import type { SourceRequest, StateSource } from 'rsdp/reducers'
import reducer from './reducer.ts'

/** Tokens of the requests that come in at a member in a height: mostly few, at times a burst. */
const arrivals = (member: number, height: number): bigint =>
  BigInt((3 * height + member) % 7 === 0 ? 150_000 : 5_000)

/** A queue of requests in front of a provider: what waits is asked for, what is granted leaves. */
export default function open({ self, params, decided: before }: SourceRequest): StateSource {
  const demandMax = reducer.params.decode(Buffer.from(params.reducerParams.slice(2), 'hex'))?.demandMax ?? 0n
  let [height, queue] = [0, arrivals(self, 1)]
  const decided: StateSource['decided'] = (one) => {
    if (one.height <= height) return
    height = one.height
    const row = reducer.state.decode(one.state)?.rows.find(({ member }) => member === self)
    queue += arrivals(self, height + 1) - (row?.share ?? 0n)
  }
  for (const one of before) decided(one)
  return {
    observe: () => {
      const demand = queue < demandMax ? queue : demandMax
      return Promise.resolve(reducer.state.encode({ budget: 0n, rows: [{ member: 0, demand, share: 0n }] }))
    },
    decided,
  }
}
