import { insiderScore, poolOf, profileOf } from '../services/sentinel/behaviour.ts'
import { bootstrap } from './bootstrap.ts'
import { readPeople } from './commands.ts'
import { Dice } from './dice.ts'
import { masquerades, PROFILE_COMMANDS, withEnoughCommands, wordBayes } from './masquerade.ts'
import type { Block, Masker } from './masquerade.ts'
import { areaUnderRoc, hitsAtFalseAlarms } from './measures.ts'
import { round } from './result.ts'
import type { Figure, Kind, ReadData } from './result.ts'
import { partOfPerson } from './split.ts'
import type { Part } from './split.ts'

const FILE = 'training-shells/commands.jsonl.gz'

type Method = readonly [name: string, kind: Kind, score: (block: Block) => number]

/** Area under the ROC curve for blocks of the people of a part. Intervals draw whole people. */
export function judgePeople(read: ReadData, part: Part): Figure[] {
  const people = withEnoughCommands(readPeople(FILE, read(FILE)))
  const profiles = people.map(({ commands }) => profileOf(commands.slice(0, PROFILE_COMMANDS)))
  const pool = poolOf(profiles)
  const nobody = profileOf([])
  const dice = new Dice(1)
  const methods: readonly Method[] = [
    ['random', 'random', () => dice.next()],
    ['naive Bayes over words', 'simple', wordBayes(people)],
    [
      'words, letters, Markov',
      'learned',
      ({ person, commands }) => insiderScore(commands, profiles[person] ?? nobody, pool),
    ],
  ]
  return (['same exercise', 'other exercise'] as const).flatMap((masker) => {
    const blocks = masquerades(people, masker).filter(
      ({ person }) => partOfPerson('training-shells', people[person]?.file ?? '') === part,
    )
    return figuresOf(blocks, methods, masker)
  })
}

function figuresOf(blocks: readonly Block[], methods: readonly Method[], masker: Masker): Figure[] {
  const labels = blocks.map(({ isMasked }) => isMasked)
  const byPerson = [...new Set(blocks.map(({ person }) => person))].map((person) =>
    blocks.flatMap((block, place) => (block.person === person ? [place] : [])),
  )
  const all = blocks.map((_, place) => place)
  const area = (scores: readonly number[], places: readonly number[]): number =>
    areaUnderRoc(
      places.map((place) => scores[place] ?? 0),
      places.map((place) => labels[place] ?? false),
    )
  const drawn = (of: (places: readonly number[]) => number): Pick<Figure, 'value' | 'interval'> => {
    const measure = (people: readonly number[]): number =>
      of(people.flatMap((place) => byPerson[place] ?? []))
    const [low, high] = bootstrap(byPerson.length, 1, measure, 500)
    return { value: round(of(all)), interval: [round(low), round(high)] }
  }
  const scored = methods.map(([method, kind, score]) => ({ method, kind, scores: blocks.map(score) }))
  const simple = scored[1]?.scores ?? []
  return scored.flatMap(({ method, kind, scores }): Figure[] => {
    const common = { set: 'training-shells', method, kind, n: blocks.length }
    const hits = round(hitsAtFalseAlarms(scores, labels, 0.05))
    const gain = (places: readonly number[]): number => area(scores, places) - area(simple, places)
    return [
      { ...common, measure: `AUC, ${masker}`, ...drawn((places) => area(scores, places)) },
      { ...common, measure: `hits at 5 % false alarms, ${masker}`, value: hits },
      ...(kind === 'learned'
        ? [{ ...common, measure: `AUC above naive Bayes, ${masker}`, ...drawn(gain) }]
        : []),
    ]
  })
}
