/** `protocol`: the rule of the engine. `2f+1`: the document's, of the laboratory alone. */
export const QUORUM_RULES = ['protocol', '2f+1'] as const
export type QuorumRule = (typeof QUORUM_RULES)[number]
