import { commandLog } from '../../src/reducers/command-log/reducer.ts'
import { kvConfig } from '../../src/reducers/machines/kv-config.ts'

/** What an author would write to have this machine as a bundle. */
export default commandLog(kvConfig)
