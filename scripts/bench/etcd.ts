import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { System } from './system.ts'
import { end, freePorts, startQuietly, until } from './system.ts'

/** An etcd on this machine, asked over HTTP. */
export interface EtcdCluster {
  /** Of each member, for clients. */
  readonly urls: readonly string[]
  readonly pids: readonly number[]
  readonly put: (url: string, key: string, value: Uint8Array) => Promise<void>
  readonly stop: () => Promise<void>
}

export async function startEtcdCluster(members: number): Promise<EtcdCluster> {
  const scratch = mkdtempSync(join(tmpdir(), 'rsdp-bench-etcd-'))
  const ports = await freePorts(2 * members)
  const url = (port: number | undefined): string => `http://127.0.0.1:${String(port)}`
  const names = Array.from({ length: members }, (_, i) => `m${String(i)}`)
  const cluster = names.map((name, i) => `${name}=${url(ports[members + i])}`).join(',')
  const urls = names.map((_, i) => url(ports[i]))
  const children = names.map((name, i) =>
    startQuietly('etcd', [
      ...['--name', name, '--data-dir', join(scratch, name)],
      ...['--listen-client-urls', url(ports[i]), '--advertise-client-urls', url(ports[i])],
      ...['--listen-peer-urls', url(ports[members + i])],
      ...['--initial-advertise-peer-urls', url(ports[members + i])],
      ...['--initial-cluster', cluster, '--initial-cluster-state', 'new'],
    ]),
  )
  const stop = async (): Promise<void> => {
    await Promise.all(children.map(end))
    rmSync(scratch, { recursive: true, force: true })
  }
  try {
    for (const each of urls) await until('etcd', () => put(each, 'begun', Uint8Array.of(1)))
  } catch (error) {
    await stop()
    throw error
  }
  return { urls, pids: children.flatMap(({ pid }) => pid ?? []), put, stop }
}

async function put(url: string, key: string, value: Uint8Array): Promise<void> {
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')
  const answer = await fetch(`${url}/v3/kv/put`, {
    method: 'POST',
    body: JSON.stringify({ key: text(Buffer.from(key)), value: text(value) }),
  })
  if (!answer.ok) throw new Error(`etcd answers ${String(answer.status)}`)
  await answer.arrayBuffer()
}

/** An etcd whose members are asked by clients in turn. */
export async function startEtcd(members: number): Promise<System> {
  const cluster = await startEtcdCluster(members)
  const promise = `${String(members)} members that trust each other, fsync at a majority`
  return {
    ...{ name: 'etcd', promise, stop: cluster.stop },
    put: (client, value) =>
      cluster.put(cluster.urls[client % members] ?? '', `bench-${String(client)}`, value),
  }
}
