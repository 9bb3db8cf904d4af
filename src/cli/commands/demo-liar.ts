import { explainProcess } from '../local/audit-process.ts'
import type { Lie } from '../local/liar-watch.ts'
import type { Stage } from './demo-stage.ts'
import { missing } from './demo-stage.ts'

/** The node that lies, by order of start, and how. */
export const LIAR = { node: 3, name: 'mallory' }
export const LIES: readonly Lie[] = [
  {
    fault: 'equivocate-status',
    from: 3,
    to: 4,
    text: 'tells members of odd seats another STATUS than those of even seats',
    percent: 5,
  },
  {
    fault: 'equivocate-share',
    from: 9,
    to: 11,
    text: 'votes for the value towards members of even seats, for NIL towards the others',
    percent: 100,
  },
]

/** Every lie that was told is proved on chain. */
export async function convict({ liar, say, wait }: Stage): Promise<void> {
  if (liar === null) return
  await wait('a conviction for every lie', 60_000, () => liar.unpunished.length === 0)
  for (const caught of liar.newConvictions()) say(caught)
  say('')
}

export interface AuditedConvictions {
  readonly convictions: readonly {
    readonly member: number
    readonly offence: string
    readonly percent: number
    readonly transaction: string
  }[]
}

/** The auditor confirms what the nodes read: the liar, for each of its lies, and nobody else. */
export function checkConvictions({ liar }: Stage, convictions: AuditedConvictions['convictions']): void {
  const told = liar?.convictions ?? []
  if (convictions.length !== told.length) throw missing('the same convictions in chain, logs and audit')
  const innocent = convictions.find(({ member }) => member !== liar?.seat)
  if (innocent !== undefined) throw missing(`a cluster in which nobody honest is convicted`)
}

/** The gravest slash in full, by command. */
export async function explainLast(
  { network, say }: Stage,
  convictions: AuditedConvictions['convictions'],
): Promise<void> {
  const last = convictions.at(-1)
  if (last === undefined) return
  say(`\n$ rsdp explain ${last.transaction}`)
  const explained = await explainProcess(network, last.transaction)
  process.stderr.write(explained.text)
  if (explained.exitCode !== 0) throw missing('an explanation of the slash')
}
