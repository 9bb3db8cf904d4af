/**
 * Child of the store tests: opens the store in argv[2] and signs SHAREs of rounds 0, 1, … of height 1, with content that
 * differs from run to run (argv[3]), until it is killed. Prints `key signature` when signOnce has returned, and
 * `ready` once the store is open. After an RsdpError, whose code it prints, it asks once more for what it signed first;
 * exits with the code of the last one.
 */
import { writeSync } from 'node:fs'
import { createKeyring } from '../../src/adapters/keys/keyring.ts'
import { openStore } from '../../src/adapters/sqlite/store.ts'
import { hashObject, signOnceKey } from '../../src/codec/objects.ts'
import type { Store } from '../../src/ports/store.ts'
import { RsdpError } from '../../src/types/errors.ts'
import { CLUSTER, entry, kept, OWNER, quorum, share } from '../helpers/store-kit.ts'

const [dataDir = '', run = ''] = process.argv.slice(2)
const keyring = createKeyring(new Uint8Array(32).fill(0x11))
// at once, not when the event loop comes round: the process may be dead by then
const say = (line: string): void => void writeSync(1, `${line}\n`)

function report(error: unknown): void {
  if (!(error instanceof RsdpError)) throw error
  say(error.code)
  process.exitCode = error.exit
}

try {
  const store = openStore({ dataDir, ...OWNER })
  say('ready')
  try {
    for (let round = 0; ; round += 1) say(sign(store, round))
  } catch (error) {
    report(error)
    sign(store, 0)
  }
} catch (error) {
  report(error)
}

function sign(store: Store, round: number): string {
  const object = share(1, round, `run ${run}`)
  const hash = hashObject(CLUSTER, object)
  const key = signOnceKey(object)
  const { signature } = store.signOnce({
    cluster: CLUSTER,
    key,
    entries: [entry(1, round + 1)],
    proof: quorum(1, round),
    kept: kept(1, round + 1),
    sign: () => ({ object, member: 0, hash, signature: keyring.sign(hash) }),
  })
  return `${key} ${signature}`
}
