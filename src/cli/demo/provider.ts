/**
 * An LLM provider with a token budget, as a process of its own: `--help` says more.
 *
 *   ./rsdp --script src/cli/demo/provider.ts --port 8790 --budget 120000 --window-ms 1000
 */
import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { runScript } from '../run-script.ts'
import { EXIT } from '../../types/exit-codes.ts'
import { integerOption, usageError } from './arguments.ts'
import { Meter } from '../../demo/meter.ts'
import { startProvider } from '../../demo/provider-server.ts'
import { TOKENS_MAX } from '../../demo/provider-wire.ts'

const USAGE = `A provider that takes a budget of tokens per window and answers 429 above it, on 127.0.0.1 until Ctrl-C.

  ./rsdp --script src/cli/demo/provider.ts --port 8790 --budget 120000 --window-ms 1000

  --port N          0 picks a free one (default 8790)
  --budget N        tokens a window (default 120000)
  --window-ms N     length of a window (default 10000)
  --token-file F    whoever knows the text in this file may change the budget; without it nobody may
  --help

  curl -s -H 'content-type: application/json' -d '{"id":"a","tokens":500}' http://127.0.0.1:8790/requests
  curl -s http://127.0.0.1:8790/usage`

/** Shorter ones could be guessed. */
const TOKEN_LENGTH_MIN = 16

await runScript(async (args, signal) => {
  const options = parse(args)
  if (options.help === true) {
    console.log(USAGE)
    return EXIT.ok
  }
  const budget = integerOption('budget', options.budget, 0, TOKENS_MAX)
  const windowMs = integerOption('window-ms', options['window-ms'], 10, 3_600_000)
  const token = options['token-file'] === undefined ? null : await readToken(options['token-file'])
  const server = await startProvider({
    meter: new Meter({ budget, windowMs, nowMs: () => performance.now() }),
    port: integerOption('port', options.port, 0, 65_535),
    token,
  })
  console.log(JSON.stringify({ event: 'provider.listening', url: server.url, budget, windowMs }))
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve))
  await server.close()
  return EXIT.ok
})

function parse(args: readonly string[]): {
  port: string
  budget: string
  'window-ms': string
  'token-file'?: string
  help?: boolean
} {
  try {
    return parseArgs({
      args: [...args],
      options: {
        port: { type: 'string', default: '8790' },
        budget: { type: 'string', default: '120000' },
        'window-ms': { type: 'string', default: '10000' },
        'token-file': { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values
  } catch (error) {
    throw usageError(error)
  }
}

async function readToken(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch(() => '')
  if (text.trim().length >= TOKEN_LENGTH_MIN) return text.trim()
  throw usageError(
    new Error(`${path} holds no token of at least ${String(TOKEN_LENGTH_MIN)} characters`),
    'write one: openssl rand -hex 16 > FILE',
  )
}
