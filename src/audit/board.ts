import type { BoardBooks } from '../ports/chain-history.ts'
import type { Finding } from './report.ts'
import type { Money } from './settle.ts'
import { formatTokens } from './tokens.ts'
import type { TokenUnit } from './tokens.ts'

/** Every wei that board and registry hold, and whose it is. */
export interface BoardReport {
  readonly tasks: number
  /** Left in the escrows of all tasks; spent and earned by nobody; given to the board by nobody's call. */
  readonly escrows: bigint
  readonly burntPay: bigint
  readonly donatedToBoard: bigint
  /** All accounts, credits and burnt stake; given to the registry by nobody's call. */
  readonly stakes: bigint
  readonly credits: bigint
  readonly burntStake: bigint
  readonly donatedToRegistry: bigint
  readonly findings: readonly Pick<Finding, 'field' | 'expected' | 'actual' | 'why'>[]
}

const sum = <T>(all: Iterable<T>, of: (one: T) => bigint): bigint =>
  [...all].reduce((total, one) => total + of(one), 0n)

/**
 * Whether board and registry are solvent: what all tasks, accounts, credits and all that is burnt come to is what both
 * hold of the token, less donations, to the wei. Tasks are recomputed by their audits; the rest is read.
 *
 * @param monies of every task of the board
 */
export function auditBoard(books: BoardBooks, monies: readonly Money[]): BoardReport {
  const findings: BoardReport['findings'][number][] = []
  const equal = (field: string, expected: bigint, actual: bigint, why: string): void => {
    if (expected !== actual) findings.push({ field, expected: `${expected}`, actual: `${actual}`, why })
  }
  const { accounts, burntStake, burntPay } = books
  const escrows = sum(monies, ({ inEscrow }) => inEscrow)
  const donatedToBoard = books.board.received - sum(monies, ({ escrow }) => escrow)
  equal(
    'board: tokens paid out',
    sum(monies, ({ paid }) => paid),
    books.board.sent,
    'claims of all tasks',
  )
  equal(
    'board: burnt()',
    sum(monies, (money) => money.burntPay),
    burntPay,
    'spent and earned by nobody in all tasks',
  )
  equal(
    'board: balance',
    escrows + burntPay + donatedToBoard,
    books.board.balance,
    'escrows left, burnt, donations',
  )
  if (donatedToBoard < 0n) equal('board: tokens received', 0n, donatedToBoard, 'less than all escrows')

  const stakes = sum(accounts.values(), ({ free, locked, unbonding }) => free + locked + unbonding)
  const credits = sum(books.credits.values(), (credit) => credit)
  const donatedToRegistry = books.registry.received - books.staked
  const owned = stakes + credits + burntStake
  const { withdrawn, creditsWithdrawn } = books
  equal('registry: tokens paid out', withdrawn + creditsWithdrawn, books.registry.sent, 'stake and credits')
  equal('registry: books', books.staked - withdrawn - creditsWithdrawn, owned, 'what came in less what left')
  equal(
    'registry: balance',
    owned + donatedToRegistry,
    books.registry.balance,
    'stake, credits, burnt, donations',
  )
  if (donatedToRegistry < 0n)
    equal('registry: tokens received', 0n, donatedToRegistry, 'less than was staked')

  const locked = sum(accounts.values(), (account) => account.locked)
  equal(
    'registry: locked',
    sum(monies, ({ inLocks }) => inLocks),
    locked,
    'locks of all tasks',
  )
  equal(
    'registry: burnt()',
    sum(monies, (money) => money.burntStake),
    burntStake,
    'burnt stake of all tasks',
  )
  const credited = sum(monies, (money) => money.credited)
  equal('registry: credits', credited, credits + creditsWithdrawn, 'credited in all tasks')
  return {
    tasks: monies.length,
    escrows,
    burntPay,
    donatedToBoard,
    stakes,
    credits,
    burntStake,
    donatedToRegistry,
    findings,
  }
}

/** The sums in words; amounts in findings stay whole. */
export function renderBoard(report: BoardReport, unit: TokenUnit | null = null): string {
  const { tasks, escrows, burntPay, donatedToBoard, findings } = report
  const { stakes, credits, burntStake, donatedToRegistry } = report
  const show = (amount: bigint): string => formatTokens(amount, unit)
  return [
    `TaskBoard     escrows of ${tasks} tasks ${show(escrows)} + burnt ${show(burntPay)} + donations ${show(donatedToBoard)}`,
    `NodeRegistry  stake ${show(stakes)} + credits ${show(credits)} + burnt ${show(burntStake)} + donations ${show(donatedToRegistry)}`,
    ...findings.map(
      ({ field, expected, actual, why }) =>
        `MISMATCH ${field}: expected ${expected}, found ${actual} (${why})`,
    ),
    findings.length === 0 ? 'SOLVENT to the wei' : `${findings.length} mismatches`,
  ].join('\n')
}
