/**
 * Transactions whose nodes die at every labelled state, and lock tables in motion, over a range of numbers:
 * `npm run campaign:transactions`. Prints the numbers that fail; each is a test case as it is.
 */
import { parseArgs } from 'node:util'
import { PROTOCOLS } from '../src/types/transaction.ts'
import { EXIT } from '../src/types/exit-codes.ts'
import { phantomFaults } from '../test/helpers/deadlock-world.ts'
import { TxCluster } from '../test/helpers/transactions/cluster.ts'
import { play, storiesOf } from '../test/helpers/transactions/deaths.ts'
import { scheduleOf, TxWorld } from '../test/helpers/transactions-world.ts'

const USAGE = `Kills nodes of transactions at every labelled state, and looks for phantoms among deadlocks.

  npm run campaign:transactions -- --from 0 --to 2000 --graphs 10000

  --from N    first schedule of each protocol (default 0)
  --to N      first schedule that is left out (default 2000)
  --graphs N  graphs with edges in flight, from --from on (default 10000)
  --nodes     nodes over libp2p instead, one of which dies at each labelled state and point of a step
  --help

exit codes: 0 all hold, 2 usage, 6 one does not`

const { from, to, graphs, nodes } = options()
const started = performance.now()
const failed: string[] = []
if (nodes) await playNodes()
else playModels()
for (const line of failed) console.log(line)
console.log(`${failed.length} failures, ${Math.round((performance.now() - started) / 1000)} s`)
process.exit(failed.length === 0 ? EXIT.ok : EXIT.mismatch)

async function playNodes(): Promise<void> {
  const cluster = await TxCluster.start()
  for (const protocol of PROTOCOLS) {
    const stories = storiesOf(protocol)
    for (const [i, story] of stories.entries()) {
      const faults = await play(cluster, story, `${protocol} ${i}`)
      if (faults.length > 0) failed.push(`${JSON.stringify(story)}: ${faults.join(', ')}`)
    }
    console.log(`${protocol}: ${stories.length} deaths on nodes`)
  }
}

function playModels(): void {
  for (const protocol of PROTOCOLS) {
    const died = new Map<string, number>()
    for (let number = from; number < to; number += 1) {
      const world = new TxWorld(scheduleOf(protocol, number)).run()
      const isSplit = new Set(world.outcomes()).size > 1
      const faults = [...world.faults, ...(isSplit ? ['split'] : []), ...(world.isOver ? [] : ['not over'])]
      if (faults.length > 0) failed.push(`${protocol} ${number}: ${faults.join(', ')}`)
      for (const name of world.killed) {
        const state = name.slice(name.indexOf(' ') + 1)
        died.set(state, (died.get(state) ?? 0) + 1)
      }
    }
    console.log(
      `${protocol}: schedules ${from} … ${to - 1}; deaths at ${died.size} places, least ${Math.min(...died.values())}`,
    )
  }
  for (let seed = from; seed < from + graphs; seed += 1) {
    const faults = phantomFaults(seed)
    if (faults.length > 0) failed.push(`graph ${seed}: ${faults.join(', ')}`)
  }
  console.log(`${graphs} graphs with edges in flight, from ${from} on`)
}

function options(): { from: number; to: number; graphs: number; nodes: boolean } {
  const natural = (text: string): number => {
    const value = Number(text)
    if (Number.isSafeInteger(value) && value >= 0) return value
    console.error(`${text} is not a natural number\n\n${USAGE}`)
    return process.exit(EXIT.usage)
  }
  const { values } = parseArgs({
    options: {
      from: { type: 'string', default: '0' },
      to: { type: 'string', default: '2000' },
      graphs: { type: 'string', default: '10000' },
      nodes: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    console.log(USAGE)
    process.exit(EXIT.ok)
  }
  const { from: first, to: end, graphs: many } = values
  return { from: natural(first), to: natural(end), graphs: natural(many), nodes: values.nodes }
}
