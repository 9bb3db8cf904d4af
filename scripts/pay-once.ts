/**
 * Makes payments over a link that drops, delays, doubles and reorders requests and answers of every JSON-RPC method, and
 * counts how often each was made. Ends with exit 1 if any was made twice, or never once the link is mended.
 */
import { parseArgs } from 'node:util'
import { startTestNetwork } from '../test/helpers/chain.ts'
import { payOnce } from '../test/helpers/once.ts'

const { values } = parseArgs({
  options: { seeds: { type: 'string', default: '500' }, first: { type: 'string', default: '1' } },
})
const net = await startTestNetwork({ nodes: 0 })
const mishaps = new Map<string, number>()
const problems: string[] = []
let [failed, open, named] = [0, 0, 0]
const first = Number(values.first)
for (let seed = first; seed < first + Number(values.seeds); seed += 1) {
  const result = await payOnce(net, seed)
  failed += result.failed
  open += result.open
  named += result.named
  for (const [mishap, count] of result.mishaps) mishaps.set(mishap, (mishaps.get(mishap) ?? 0) + count)
  problems.push(...result.problems)
  for (const problem of result.problems) console.log(problem)
  if ((seed - first) % 50 === 49)
    console.log(`… ${seed - first + 1} seeds, ${problems.length} problems, ${failed} failed`)
}
await net.close()
console.log(`${values.seeds} seeds from ${first}: ${problems.length} problems`)
console.log(
  `${failed} commands failed, ${open} payments settled by the command after, ${named} named by the journal`,
)
console.log([...mishaps].map(([mishap, count]) => `${mishap} ${count}`).join(', '))
process.exit(problems.length === 0 ? 0 : 1)
