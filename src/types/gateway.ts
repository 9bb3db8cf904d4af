/** What a client may do at a service through gateways. */
export const VERBS = ['get', 'put', 'delete'] as const
export type Verb = (typeof VERBS)[number]

/** For how long a gateway may try one call, ms. */
export const PATIENCE_MS = { least: 100, most: 30_000, usual: 10_000 } as const

/** Of a call: 0 to `most`, the greater first. */
export const PRIORITY = { most: 10, usual: 5 } as const
