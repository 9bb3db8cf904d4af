import { commandLog } from '../../src/reducers/command-log/reducer.ts'
import { kvConfig } from '../../src/reducers/machines/kv-config.ts'
import { leaderElection } from '../../src/reducers/machines/leader-election.ts'
import { lock } from '../../src/reducers/machines/lock.ts'
import { workAssignment } from '../../src/reducers/machines/work-assignment.ts'

/** What an author would write to have these machines as bundles. */
export const kv = commandLog(kvConfig)
export const locks = commandLog(lock)
export const leaders = commandLog(leaderElection)
export const work = commandLog(workAssignment)
