import type { DrillAnswer, DrillAsk } from '../model/drill.ts'

/** Kept while the tab is open: the link has it only once. */
const KEPT = 'rsdp-drills'

/** The token that the link into the page has, which `rsdp dev` prints; null: whoever reads here may look alone. */
export const drillToken = ((): string | null => {
  if (!location.protocol.startsWith('http')) return null
  const parts = location.hash.slice(1).split('&')
  const [, token] =
    parts.map((part) => /^drills=([0-9a-f]{64})$/.exec(part)).find((found) => found !== null) ?? []
  if (token === undefined) return sessionStorage.getItem(KEPT)
  sessionStorage.setItem(KEPT, token)
  const rest = parts.filter((part) => !part.startsWith('drills=')).join('&')
  history.replaceState(null, '', `${location.pathname}${location.search}${rest === '' ? '' : `#${rest}`}`)
  return token
})()

/** How the nodes are, after what was asked for is done. Rejects with why it was not. */
export async function askDrill(ask: DrillAsk | null): Promise<DrillAnswer> {
  const response = await fetch('drills', {
    method: ask === null ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${drillToken ?? ''}` },
    ...(ask === null ? {} : { body: JSON.stringify(ask) }),
  })
  const answer: unknown = await response.json()
  if (response.ok) return answer as DrillAnswer
  const { error, message } = answer as { readonly error: string; readonly message?: string }
  throw new Error(message ?? error)
}
