import { join } from 'node:path'
import { recoverSigner } from '../../adapters/keys/keyring.ts'
import { SqliteRecordJournal } from '../../adapters/sqlite/record-journal.ts'
import { systemClock } from '../../adapters/system/clock.ts'
import { DiskCopyFolders } from '../../adapters/system/copy-folders.ts'
import { createSampler } from '../../adapters/system/sampler.ts'
import type { NodeGateway } from '../../agents/gateway.ts'
import { counter } from '../../agents/kinds/counter.ts'
import { gatewayKind } from '../../agents/kinds/gateway.ts'
import { lockKind } from '../../agents/kinds/lock.ts'
import { storeKind } from '../../agents/kinds/store.ts'
import { ServicesAgents } from '../../agents/services-agents.ts'
import type { Links } from '../../agents/services-agents.ts'
import type { Agreements } from '../../agreement/agreements.ts'
import { startGateway } from '../../api/gateway-server.ts'
import type { GatewayServer } from '../../api/gateway-server.ts'
import type { Application } from '../../compose/create-node.ts'
import type { Logger } from '../../ports/logger.ts'
import type { Address, Digest } from '../../types/ids.ts'
import type { ControlledNode } from '../control/serve.ts'
import { nextIncarnation, readHost } from '../host-file.ts'
import type { NodeRunOptions } from '../node-options.ts'

/** What a node does for the services of its tasks. */
export interface Hosting {
  readonly application: Application
  /** Once, before any task is opened. */
  connect(links: Links): void
  /** What its API asks; once it is connected. */
  asked(): Pick<ControlledNode, 'stores' | 'locks' | 'transactions'>
  /** Listens for clients from outside, where the operator says. @throws RsdpError E_ADDR_IN_USE */
  serve(): Promise<void>
  stop(): Promise<void>
}

export async function hostServices(
  { dataDir, host, serve }: Pick<NodeRunOptions, 'dataDir' | 'host' | 'serve'>,
  logs: Agreements,
  logger: Logger,
  place: { readonly key: Address; readonly deploymentId: Digest },
): Promise<Hosting> {
  const { measure, ...facts } = await readHost(host)
  const services: ServicesAgents = new ServicesAgents({
    host: facts,
    sampler: createSampler(measure),
    incarnation: nextIncarnation(dataDir),
    clock: systemClock,
    clockMs: () => Date.now(),
    logger,
    kinds: [
      counter,
      gatewayKind(() => gateway),
      lockKind(() => Date.now()),
      storeKind({
        journal: (folder, name) => new SqliteRecordJournal(folder, name),
        clockMs: () => Date.now(),
      }),
    ],
    folders: new DiskCopyFolders(join(dataDir, 'services')),
    book: () => new SqliteRecordJournal(join(dataDir, 'services'), 'transactions'),
    logs,
  })
  const gateway: NodeGateway | null =
    serve === undefined ? null : services.gateway({ ...place, recover: recoverSigner })
  let server: GatewayServer | null = null
  return {
    application: { reducers: services.reducers, open: (request) => services.open(request) },
    connect: (links) => services.connect(links),
    asked: () => ({
      stores: services.stores(),
      locks: services.locks(),
      transactions: services.transactions(),
    }),
    serve: async () => {
      if (serve === undefined || gateway === null) return
      server = await startGateway(serve.host, serve.port, gateway)
      logger.info('gateway.listening', { host: serve.host, port: server.port })
    },
    stop: async () => {
      gateway?.stop()
      await server?.close()
      await services.stop()
    },
  }
}
