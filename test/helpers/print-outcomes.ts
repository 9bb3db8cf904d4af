/** Prints what the hostile reducers come to on the Node that runs this file, for a test on another one. */
import { loadEngine } from '../../src/adapters/sandbox/load-engine.ts'
import { allOutcomes } from './hostile-bundles.ts'

console.log(JSON.stringify({ version: process.versions.node, ...allOutcomes(loadEngine()) }))
