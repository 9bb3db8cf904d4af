import type { EngineState } from '../../src/protocol/state.ts'
import type { Signed } from '../../src/types/objects.ts'
import type { Message } from './menu.ts'
import type { World } from './world.ts'

/** The frames by which a node can be told again all that it has from others, in an order that brings it back. */
export function retold(state: EngineState, menu: readonly Message[], world: World): Message[] {
  const { self } = state.config
  const heard: Signed[] = [...state.box.inputs.values()]
  const bundles: Message[] = []
  for (const { hello, shares, confirms, quorum } of state.box.rounds.values()) {
    if (hello !== null) heard.push(hello)
    heard.push(...shares.values(), ...confirms.values())
    if (quorum === null) continue
    const bundle = menu.find(
      (message) => message.class === 'bundle' && quorum.shares.every((share) => carries(message, share)),
    )
    if (bundle !== undefined) bundles.push(bundle)
  }
  const singles = heard
    .filter(({ member }) => member !== self)
    .flatMap((signed) => menu.find((message) => message.class !== 'bundle' && isAbout(message, signed)) ?? [])
  if (state.box.equivocators.size === 0) return [...singles, ...bundles]
  // whom it knows to have signed twice: two STATUS convict the liar before a list is made with one, two votes later
  const lies = menu.filter(({ from }) => from === world.scope.liar)
  const statuses = lies.filter(({ class: kind }) => kind === 'status')
  if (state.box.inputs.has(world.scope.liar))
    return [...statuses.toSorted((a) => (singles.includes(a) ? -1 : 1)), ...singles, ...bundles]
  const second = lies.find((lie) => singles.some((held) => isSecond(lie, held)))
  return [...singles, ...(second === undefined ? [] : [second]), ...bundles]
}

/** Whether two frames bring different votes of one member for one key. */
function isSecond(a: Message, b: Message): boolean {
  if (a === b || a.class !== b.class || a.from !== b.from) return false
  return (a.class === 'share' || a.class === 'confirm') && a.round === b.round
}

/** Whether a frame is the one of this object; lists bring more along. */
function isAbout({ parts }: Message, signed: Signed): boolean {
  const [part] = parts
  return part?.kind === 'object' && part.signed === signed
}

function carries({ parts }: Message, signed: Signed): boolean {
  return parts.some((part) => part.kind === 'object' && part.signed === signed)
}
