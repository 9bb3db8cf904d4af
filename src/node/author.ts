/** What an author of an application imports, as `rsdp/reducers`. */
export * from '../reducers/author.ts'
export type { DecidedState, StateSource } from '../ports/state-source.ts'
export type { SourceRequest } from './node.ts'
