/** Masquerades made out of the commands of many people by a fixed rule (README of the data set): no labels are given. */
import type { Person } from './commands.ts'

export const PROFILE_COMMANDS = 40
const BLOCK = 10
const COMMANDS_MIN = 60

/** From whom the foreign blocks are taken. */
export type Masker = 'same exercise' | 'other exercise'

export interface Block {
  /** Place of the person among those with enough commands. */
  readonly person: number
  readonly commands: readonly string[]
  readonly isMasked: boolean
}

export function withEnoughCommands(people: readonly Person[]): Person[] {
  return people.filter(({ commands }) => commands.length >= COMMANDS_MIN)
}

function blocksOf({ commands }: Person): string[][] {
  const count = Math.floor((commands.length - PROFILE_COMMANDS) / BLOCK)
  return Array.from({ length: count }, (_, block) =>
    commands.slice(PROFILE_COMMANDS + block * BLOCK, PROFILE_COMMANDS + (block + 1) * BLOCK),
  )
}

/** Each person's blocks; every third is replaced by one of somebody else. A person without candidates is left out. */
export function masquerades(people: readonly Person[], masker: Masker): Block[] {
  return people.flatMap((person, place) => {
    const others = people.filter(
      (other) => other !== person && (other.exercise === person.exercise) === (masker === 'same exercise'),
    )
    if (others.length === 0) return []
    return blocksOf(person).map((own, block) => {
      const other = others[(place + Math.floor(block / 3)) % Math.max(1, others.length)]
      if (block % 3 !== 1 || other === undefined) return { person: place, commands: own, isMasked: false }
      const foreign = blocksOf(other)
      return { person: place, commands: foreign[block % foreign.length] ?? [], isMasked: true }
    })
  })
}

/** Naive Bayes over words as the README of the data set scores it: mean log P(word | pool) − log P(word | self), alpha 0.01. */
export function wordBayes(people: readonly Person[]): (block: Block) => number {
  const words = (commands: readonly string[]): string[] =>
    commands.flatMap((command) => command.split(/\s+/).filter((word) => word !== ''))
  const counts = people.map(({ commands }) => tally(words(commands.slice(0, PROFILE_COMMANDS))))
  const pool = tally(people.flatMap(({ commands }) => words(commands.slice(0, PROFILE_COMMANDS))))
  const kinds = pool.of.size + 1
  const alpha = 0.01
  return ({ person, commands }) => {
    const self = counts[person] ?? tally([])
    const all = words(commands)
    const sum = all.reduce((total, word) => {
      const own = self.of.get(word) ?? 0
      const others = (pool.of.get(word) ?? 0) - own
      return (
        total +
        Math.log((others + alpha) / (pool.total - self.total + alpha * kinds)) -
        Math.log((own + alpha) / (self.total + alpha * kinds))
      )
    }, 0)
    return sum / Math.max(1, all.length)
  }
}

function tally(words: readonly string[]): { readonly total: number; readonly of: Map<string, number> } {
  const of = new Map<string, number>()
  for (const word of words) of.set(word, (of.get(word) ?? 0) + 1)
  return { total: words.length, of }
}
