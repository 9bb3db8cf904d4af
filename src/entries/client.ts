/** Package entry `rsdp/client`: a running node’s local API, from another process on its machine. */
export { ApiError, RsdpClient } from '../api/client.ts'
export type { ApiPlace } from '../api/client.ts'
export type { AnswerOf, Decided, Operation } from '../api/routes.ts'
