/** Runs programs in a network namespace of their own, which has a loopback interface and nothing else. */
import { spawn, spawnSync } from 'node:child_process'

/** Brings the loopback interface up where `ip` is missing: SIOCSIFFLAGS with IFF_UP | IFF_RUNNING. */
const LOOPBACK_UP =
  'import fcntl,socket,struct;fcntl.ioctl(socket.socket(),0x8914,struct.pack("16sh14x",b"lo",0x41))'

const works = (command: string, args: readonly string[]): boolean => spawnSync(command, args).status === 0

/** The start of a command line that runs the rest without network, or the reason why this machine has none. */
export function withoutNetwork(): { readonly prefix: readonly string[] } | { readonly reason: string } {
  const unshare = [['--net'], ['--map-root-user', '--net']].find((flags) =>
    works('unshare', [...flags, 'true']),
  )
  if (unshare === undefined) return { reason: 'no right to make a network namespace (unshare --net)' }
  for (const up of ['ip link set lo up', `python3 -c '${LOOPBACK_UP}'`]) {
    if (works('unshare', [...unshare, 'sh', '-c', up]))
      return { prefix: ['unshare', ...unshare, 'sh', '-c', `${up} && exec "$@"`, 'sh'] }
  }
  return { reason: 'nothing here can bring a loopback interface up: neither ip (iproute2) nor python3' }
}

export interface Ended {
  readonly code: number | null
  /** stdout and stderr as they came. */
  readonly output: string
}

/** Runs to the end and keeps everything that was printed. */
export function runToEnd(command: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Promise<Ended> {
  const [program = '', ...args] = command
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    const keep = (data: Buffer): void => void (output += data.toString())
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, output }))
  })
}
