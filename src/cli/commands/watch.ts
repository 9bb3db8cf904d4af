import { setTimeout as sleep } from 'node:timers/promises'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import { askHealth, notRunning } from '../control/client.ts'
import type { WatchOptions } from '../node-options.ts'
import { toJson } from '../output.ts'
import type { CommandContext } from '../run-command.ts'
import { changes } from '../watch/changes.ts'
import { nodeView } from '../watch/node-view.ts'
import type { ShownHealth } from '../watch/node-view.ts'
import { openScreen } from '../watch/screen.ts'
import type { Screen } from '../watch/screen.ts'

/**
 * Follows the node on a data directory until it is interrupted: on a terminal a page, else a line per change, with
 * `--json` all that the node says at each change. A node that stops is waited for.
 *
 * @throws RsdpError E_NODE_NOT_RUNNING if none runs at first
 */
export async function watch(
  { dataDir, every }: WatchOptions,
  { json, output, signal }: CommandContext,
): Promise<ExitCode> {
  if ((await askHealth(dataDir)) === null) throw notRunning(dataDir)
  const screen = json ? null : openScreen(process.stdout)
  let before: ShownHealth | null = null
  try {
    while (!signal.aborted) {
      const found = await look(dataDir)
      const health = found?.health ?? null
      if (screen === null) {
        if (!told(before, health, json, output.line)) return EXIT.ok
      } else draw(screen, dataDir, found)
      before = health
      await sleep(every * 1_000, null, { signal }).catch(() => null)
    }
    return EXIT.ok
  } finally {
    screen?.close()
  }
}

interface Look {
  readonly pid: number
  readonly health: ShownHealth
}

/** Null: no node runs, or it does not answer in time. */
async function look(dataDir: string): Promise<Look | null> {
  const found = await askHealth(dataDir).catch(() => null)
  return found === null ? null : { pid: found.control.pid, health: found.health as unknown as ShownHealth }
}

/** False: nobody reads it any more. */
function told(
  before: ShownHealth | null,
  health: ShownHealth | null,
  json: boolean,
  line: (text: string) => boolean,
): boolean {
  const lines = changes(before, health)
  if (lines.length === 0) return true
  const ts = new Date().toISOString()
  if (json) return line(toJson({ ts, changes: lines, health }))
  return lines.every((one) => line(`${ts}  ${one}`))
}

function draw(screen: Screen, dataDir: string, found: Look | null): void {
  const body =
    found === null ? [`no node runs on ${dataDir}; waiting for one`] : nodeView(found.health, found.pid)
  screen.draw([`${dataDir}  ${new Date().toLocaleTimeString('en-GB')}  Ctrl-C ends`, '', ...body])
}
