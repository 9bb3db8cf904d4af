/** Package entry `rsdp/client`: a running node’s local API, from another process on its machine. */
export { ApiError } from '../api/call.ts'
export type { ApiPlace } from '../api/call.ts'
export { RsdpClient } from '../api/client.ts'
export type { StoreClient, WriteConditions } from '../api/store-client.ts'
export type { AnswerOf, Decided, Operation } from '../api/routes.ts'
