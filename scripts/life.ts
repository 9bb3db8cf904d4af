/**
 * The life of a deployment by commands, on a chain with blocks in real time, until stake is withdrawn; says how long each part
 * took. Ends with exit 1 if anything is not as it has to be.
 *
 *   node scripts/life.ts --chain anvil --block-time 12
 *
 * Hours and days of windows are passed over: their blocks are mined at once, with time stamps a block time apart.
 */
import { parseArgs } from 'node:util'
import { anvilChain, hardhatChain, LOCAL_CHAIN_ID, REAL_CHAIN_ID } from '../test/helpers/life/chains.ts'
import { checkLife } from '../test/helpers/life/check.ts'
import { live } from '../test/helpers/life/story.ts'

const { values } = parseArgs({
  options: {
    chain: { type: 'string', default: 'anvil' },
    'block-time': { type: 'string', default: '1' },
    automine: { type: 'boolean', default: false },
    local: { type: 'boolean', default: false },
    nodes: { type: 'string', default: '7' },
    result: { type: 'boolean', default: false },
  },
})
const options = {
  chainId: values.local ? LOCAL_CHAIN_ID : REAL_CHAIN_ID,
  blockSeconds: Number(values['block-time']),
  automine: values.automine,
}
const chain = await (values.chain === 'anvil' ? anvilChain(options) : hardhatChain(options))
if (chain === null) throw new Error('npm has no anvil for this machine')
const started = performance.now()
try {
  const nodes = Number(values.nodes)
  const result = await live({
    chain,
    nodes,
    // its defaults are for seven
    publish: nodes === 7 ? [] : ['--nodes', values.nodes],
    ...(values.local ? { fault: 'equivocate-confirm' } : {}),
    toTheEnd: !values.result,
    say: console.log,
  })
  checkLife(result, nodes, values.local ? 1 : 0)
  console.log(`${chain.name}: ${Math.round((performance.now() - started) / 1_000)} s`, result)
} finally {
  await chain.close()
}
