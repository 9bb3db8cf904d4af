import type { Connection } from '../../adapters/evm/connection.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { Address } from '../../types/ids.ts'
import { deployedTwin } from './deployed-twin.ts'

/** Whose twin a task is to name. */
export interface Provable {
  /** Folder of an application. */
  readonly app?: string | undefined
  /** A stock reducer; not with `app`. */
  readonly reducer: string
  /** Deployment file, which names the twins of the stock reducers. */
  readonly deployment: string
}

/** Where the twin is that a provable task names. @throws RsdpError E_NO_TWIN, E_APP, E_RPC_… */
export async function twinFor({ app, reducer, deployment }: Provable, place: Connection): Promise<Address> {
  if (app !== undefined) return twinOfApp(app, place)
  const twin = place.deployment.twins?.[reducer]
  if (twin !== undefined) return twin
  throw noTwin(`${deployment} names no twin of ${reducer}`, 'deploy the twins: rsdp twins deploy')
}

async function twinOfApp(app: string, place: Connection): Promise<Address> {
  // the sandbox is loaded for those alone who have an application
  const { readApp } = await import('./folder.ts')
  const { twin } = await readApp(app)
  if (twin === null) throw noTwin(`${app} has no twin`, 'leave --provable out: audits find lies all the same')
  const found = await deployedTwin(app, place, twin)
  if (found === null)
    throw noTwin(`the twin of ${app} is not on this chain`, `publish it: rsdp app publish ${app}`)
  return found
}

function noTwin(message: string, hint: string): RsdpError {
  return new RsdpError({ code: 'E_NO_TWIN', message, hint, exit: EXIT.precondition })
}
