import type { Address } from '../types/ids.ts'
import type { Reconciled, Reconciler } from './reconcile.ts'

/** Where an event stands. */
type Place = Pick<Reconciled<'WalletSet'>, 'block' | 'logIndex'>
type AccountEvent = 'WalletSet' | 'AccountOffered' | 'PayoutSet'
/** What only an operator's wallet does. */
type WalletEvent = 'AccountOffered' | 'PayoutSet' | 'KeyRegistered' | 'KeyRotated' | 'KeyFrozen' | 'Claimed'

interface Change extends Place {
  readonly operator: Address
  readonly address: Address
}

/** Who acts for each operator, and where each operator is paid, at every place of the chain. */
export class Accounts {
  readonly #wallets: Change[] = []
  readonly #payouts: Change[] = []

  constructor(reconciler: Reconciler) {
    const offers = new Map<Address, Address>()
    const told = [
      ...reconciler.all('WalletSet').map((event) => ({ name: 'WalletSet' as const, event })),
      ...reconciler.all('AccountOffered').map((event) => ({ name: 'AccountOffered' as const, event })),
      ...reconciler.all('PayoutSet').map((event) => ({ name: 'PayoutSet' as const, event })),
    ].sort((a, b) => order(a.event, b.event))
    for (const one of told) this.#apply(one, offers)
  }

  /** The wallet that acts for an operator; null before its account is opened. */
  walletAt(operator: Address, place: Place): Address | null {
    return latest(this.#wallets, operator, place)
  }

  /** The account of which an address is the wallet; null if it is none's. */
  accountAt(address: Address, place: Place): Address | null {
    const own = this.#wallets.find(
      (change) => change.address === address && this.walletAt(change.operator, place) === address,
    )
    return own?.operator ?? null
  }

  /** Where an operator is paid; null before its account is opened. */
  payoutAt(operator: Address, place: Place): Address | null {
    const payout = latest(this.#payouts, operator, place)
    return payout === null || BigInt(payout) === 0n ? this.walletAt(operator, place) : payout
  }

  /** Whose wallet has sent this: of two operators that differ, the one whose wallet signed the transaction. */
  operatorOf(name: WalletEvent, { args, bench, sender, block, logIndex }: Reconciled<WalletEvent>): Address {
    if (sender === null) return args.operator
    const own = this.accountAt(sender, { block, logIndex })
    if (own === null) {
      bench.mismatch('WalletSet', `an account of which ${sender} is the wallet`, 'none', `it sent ${name}`)
      return args.operator
    }
    bench.equal(`${name}.operator`, own, args.operator, 'whose wallet has sent the transaction')
    return own
  }

  #apply({ name, event }: Told, offers: Map<Address, Address>): void {
    const { block, logIndex } = event
    if (name === 'WalletSet') {
      const operator = this.#holderOf(event, offers)
      offers.delete(operator)
      this.#wallets.push({ operator, address: event.args.wallet, block, logIndex })
      return
    }
    const operator = this.operatorOf(name, event)
    if (name === 'AccountOffered') offers.set(operator, event.args.wallet)
    else this.#payouts.push({ operator, address: event.args.payout, block, logIndex })
  }

  /** An account is opened under the address of its wallet, and handed over to the wallet that it is offered to. */
  #holderOf(
    { args, bench, callName, block, logIndex }: Reconciled<'WalletSet'>,
    offers: Map<Address, Address>,
  ): Address {
    const { operator, wallet } = args
    const isKnown = this.walletAt(operator, { block, logIndex }) !== null
    if (callName === null ? isKnown : callName === 'acceptAccount') {
      const offered = offers.get(operator) ?? 'nobody'
      bench.equal('WalletSet.wallet', offered, wallet, 'to whom the account was offered')
      return operator
    }
    bench.equal(
      'WalletSet.operator',
      wallet,
      operator,
      'an account is opened under the address of its wallet',
    )
    return wallet
  }
}

type Told = {
  readonly [N in AccountEvent]: { readonly name: N; readonly event: Reconciled<N> }
}[AccountEvent]

function order(a: Place, b: Place): number {
  return Number(a.block - b.block) || Number(a.logIndex - b.logIndex)
}

/** Changes stand in the order of the chain. */
function latest(changes: readonly Change[], operator: Address, place: Place): Address | null {
  const before = changes.filter((change) => change.operator === operator && order(change, place) <= 0)
  return before.at(-1)?.address ?? null
}
