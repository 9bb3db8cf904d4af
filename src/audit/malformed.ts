import type { TaskHistory } from '../ports/chain-history.ts'
import type { Judge } from './judge.ts'
import { PAIRINGS } from './pairs.ts'

/** Logs of these contracts that they cannot have written. */
export function reportMalformed(judge: Judge, { malformed }: TaskHistory): void {
  for (const { name, contract, field, block, logIndex } of malformed) {
    const place = `block ${block}, log ${logIndex}`
    const bench = judge.at(name === null ? 'identity' : PAIRINGS[name].step, place)
    const path = name === null ? `${contract}.log` : `${name}.${field === '' ? 'data' : field}`
    bench.mismatch(path, 'ABI encoding as a contract writes it', 'other bytes', `an event of ${contract}`)
  }
}
