/** Package entry `rsdp/client`: a running node’s local API, from another process on its machine, and gateways, from anywhere. */
export { ApiError } from '../api/call.ts'
export type { ApiPlace } from '../api/call.ts'
export { GatewayClient } from '../api/gateway-client.ts'
export type { GatewayPlaces } from '../api/gateway-client.ts'
export { RsdpClient } from '../api/client.ts'
export type { StoreClient, WriteConditions } from '../api/store-client.ts'
export type { AnswerOf, Decided, Operation } from '../api/routes.ts'
