/** Pay alone, as a game: who can choose what, and what everybody gets for it. Amounts in token wei. */

export const EPOCH = 2
export const HEIGHTS = 4
/** Divisible by the numbers of members that are played, so that rounding hides nothing. */
export const REWARD = 60n
export const FEE = 40n
/** The escrow holds as many fees as checkpoints could be due one: here one per height. */
const ESCROW = REWARD * BigInt(HEIGHTS) + FEE * BigInt(HEIGHTS)

/** One checkpoint of an epoch: the lists of its heights, whose signatures it has, and who sends it. */
export interface Move {
  /** Bitmaps; a convener below a third can force any that is a quorum. */
  readonly lists: readonly number[]
  /** The sender's choice of a quorum. */
  readonly signers: readonly number[]
  /** While the task is Active only the member whose turn it is; while Finalizing anybody. */
  readonly sender: 'turn' | 'stranger'
}

/** Two epochs: one while the task is Active, one while it is Finalizing. */
export type Play = readonly Move[]

export interface Payoffs {
  readonly members: readonly bigint[]
  readonly client: bigint
  readonly burnt: bigint
}

const isQuorum = (weight: number, n: number): boolean => 3 * weight > 2 * n
const seats = (n: number): number[] => Array.from({ length: n }, (_, i) => i)
const membersOf = (bitmap: number, n: number): number[] => seats(n).filter((i) => (bitmap >> i) & 1)

/** All bitmaps that are a quorum. */
function quorums(n: number): number[] {
  return Array.from({ length: 2 ** n }, (_, bitmap) => bitmap).filter((bitmap) =>
    isQuorum(membersOf(bitmap, n).length, n),
  )
}

export function honestPlay(n: number): Play {
  const move: Move = { lists: Array<number>(EPOCH).fill(2 ** n - 1), signers: seats(n), sender: 'turn' }
  return [move, move]
}

function moves(n: number, senders: readonly Move['sender'][]): Move[] {
  const all = quorums(n)
  return all.flatMap((list) =>
    all.flatMap((signed) =>
      senders.map((sender) => ({
        // the second list of an epoch is the first, turned: members are left out once, twice and not at all
        lists: [list, turned(list, n)],
        signers: membersOf(signed, n),
        sender,
      })),
    ),
  )
}

const turned = (list: number, n: number): number => ((list << 1) | (list >> (n - 1))) & (2 ** n - 1)
const missedBoth = (n: number): Move[] =>
  quorums(n).map((list) => ({ lists: [list, list], signers: seats(n), sender: 'stranger' }))

/** Everything that can be played, in the order of the epochs. */
export function* deviations(n: number): Generator<Play> {
  const active = [...moves(n, ['turn']), ...missedBoth(n).map((move): Move => ({ ...move, sender: 'turn' }))]
  const finalizing = [...moves(n, ['turn', 'stranger']), ...missedBoth(n)]
  for (const first of active) for (const second of finalizing) yield [first, second]
}

export function sizeOf(n: number): number {
  const q = quorums(n).length
  return (q * q + q) * (2 * q * q + q)
}

/** docs/decisions.md, section 10; every seat weighs 1. `turns`: whose turn it is at each checkpoint. */
export function payoffs(
  n: number,
  play: Play,
  turns: readonly number[],
): Payoffs & { readonly rewards: readonly bigint[] } {
  const lists = play.flatMap((move) => move.lists)
  const rewards = seats(n).map((member) => {
    const heights = lists.filter((list) => (list >> member) & 1).length
    return (REWARD * BigInt(heights)) / BigInt(n)
  })
  const members = rewards.map((reward, member) => {
    const units = play.map(({ sender, signers }, i) =>
      sender === 'turn' && turns[i] === member ? signers.length : 0,
    )
    return reward + (FEE * BigInt(units.reduce((sum, one) => sum + one, 0))) / BigInt(n)
  })
  const spent = REWARD * BigInt(HEIGHTS) + FEE * BigInt(play.length)
  const burnt = members.reduce((rest, amount) => rest - amount, spent)
  return { members, rewards, client: ESCROW - spent, burnt }
}
