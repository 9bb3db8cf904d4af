/** Package entry `rsdp/reducers`: what an author of an application imports. */
export * from '../reducers/author.ts'
export type { DecidedState, StateSource } from '../ports/state-source.ts'
export type { SourceRequest } from '../node/node-init.ts'
