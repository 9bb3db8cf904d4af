import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { System } from './system.ts'
import { end, freePorts, startQuietly, until } from './system.ts'

/** An etcd cluster on this machine, asked over HTTP by `members` clients' endpoints in turn. */
export async function startEtcd(members: number): Promise<System> {
  const scratch = mkdtempSync(join(tmpdir(), 'rsdp-bench-etcd-'))
  const ports = await freePorts(2 * members)
  const url = (port: number | undefined): string => `http://127.0.0.1:${String(port)}`
  const names = Array.from({ length: members }, (_, i) => `m${String(i)}`)
  const cluster = names.map((name, i) => `${name}=${url(ports[members + i])}`).join(',')
  const children = names.map((name, i) =>
    startQuietly('etcd', [
      ...['--name', name, '--data-dir', join(scratch, name)],
      ...['--listen-client-urls', url(ports[i]), '--advertise-client-urls', url(ports[i])],
      ...['--listen-peer-urls', url(ports[members + i])],
      ...['--initial-advertise-peer-urls', url(ports[members + i])],
      ...['--initial-cluster', cluster, '--initial-cluster-state', 'new'],
    ]),
  )
  const put = async (client: number, value: Uint8Array): Promise<void> => {
    const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')
    const key = text(Buffer.from(`bench-${String(client)}`))
    const answer = await fetch(`${url(ports[client % members])}/v3/kv/put`, {
      method: 'POST',
      body: JSON.stringify({ key, value: text(value) }),
    })
    if (!answer.ok) throw new Error(`etcd answers ${String(answer.status)}`)
    await answer.arrayBuffer()
  }
  const stop = async (): Promise<void> => {
    await Promise.all(children.map(end))
    rmSync(scratch, { recursive: true, force: true })
  }
  try {
    for (let i = 0; i < members; i += 1) await until('etcd', () => put(i, Uint8Array.of(i)))
  } catch (error) {
    await stop()
    throw error
  }
  const promise = `${String(members)} members that trust each other, fsync at a majority`
  return { name: 'etcd', promise, put, stop }
}
