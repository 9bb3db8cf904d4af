/** Installs the oldest Node that is supported beside this one, for the tests that compare both. Needs npm's registry. */
import { bringNode22 } from '../test/helpers/node-22.ts'

const brought = bringNode22()
console.log('path' in brought ? `Node ${brought.version} is at ${brought.path}` : brought.reason)
process.exitCode = 'path' in brought ? 0 : 3
