/**
 * A local chain in memory, until Ctrl-C: the public test accounts have currency, a block per transaction and another
 * every so often.
 *
 *   node scripts/start-chain.ts [port] [blockMs]
 */
import { startDevChain } from '../src/adapters/hardhat/dev-chain.ts'
import { integerArgument, runScript } from '../src/cli/run-script.ts'

await runScript(async ([port = '8545', blockMs = '250'], signal) => {
  const chain = await startDevChain({
    port: integerArgument('port', port, 0, 65_535),
    blockMs: integerArgument('blockMs', blockMs, 50, 60_000),
  })
  console.log(`chain ${chain.chainId} on ${chain.rpcUrl}, a block every ${blockMs} ms; Ctrl-C ends it`)
  const ended = Promise.withResolvers<null>()
  signal.addEventListener('abort', () => ended.resolve(null))
  if (signal.aborted) ended.resolve(null)
  await ended.promise
  await chain.close()
})
