/**
 * Plays crash images of a node's store, and says what came of them:
 *
 *   ./rsdp --script scripts/store-images.ts 1000 [first seed]
 *
 * SIGTERM ends it early: the table is then of those that were played.
 */
import type { Damage, Outcome } from '../test/helpers/store-images.ts'
import { DAMAGES, playImage } from '../test/helpers/store-images.ts'

const [count = '1000', first = '1'] = process.argv.slice(2)
const damages = Object.keys(DAMAGES) as Damage[]
const outcomes: Outcome[] = []
const stop = new AbortController()
process.once('SIGTERM', () => stop.abort())
for (let i = 0; i < Number(count) && !stop.signal.aborted; i += 1) {
  const seed = Number(first) + i
  const outcome = await playImage(seed, damages[i % damages.length] ?? 'nothing')
  outcomes.push(outcome)
  const { damage, conflicts, fatal, isDone } = outcome
  if (conflicts.length > 0 || fatal.length > 0 || !isDone)
    console.log(
      `seed ${seed}, ${damage}: ${conflicts.join(' ')} ${fatal.map(String).join(' ')} done: ${isDone}`,
    )
}
console.log(`seeds ${first} … ${Number(first) + outcomes.length - 1}`)
console.log(
  'damage | images | signed twice | stopped | set aside | whole/marked/lost | votes again | heights until then',
)
for (const damage of damages)
  console.log(
    row(
      damage,
      outcomes.filter((outcome) => outcome.damage === damage),
    ),
  )
console.log(row('all', outcomes))
process.exitCode = outcomes.some(({ conflicts }) => conflicts.length > 0) ? 1 : 0

function row(name: string, of: readonly Outcome[]): string {
  const waits = of.flatMap(({ heightsUntilVote }) => heightsUntilVote ?? []).sort((a, b) => a - b)
  const verdicts = ['whole', 'marked', 'lost'].map(
    (verdict) => of.filter((one) => one.verdict === verdict).length,
  )
  return [
    name,
    of.length,
    of.filter(({ conflicts }) => conflicts.length > 0).length,
    of.filter(({ fatal }) => fatal.length > 0).length,
    of.filter(({ setAside }) => setAside).length,
    verdicts.join('/'),
    `${waits.length}`,
    `${waits[waits.length >> 1] ?? '-'} (at most ${waits.at(-1) ?? '-'})`,
  ].join(' | ')
}
