import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { Copy, ServiceKind } from '../kind.ts'

/** The gateway of this node, which serves whatever the placement says. */
export interface Serving {
  /** Calls that were let in since the start. */
  readonly admitted: number
}

/**
 * A copy of a gateway: while it is placed here, the node’s own gateway takes calls for the services that it names.
 *
 * @param serving null: nobody listens for clients here
 */
export function gatewayKind(serving: () => Serving | null): ServiceKind {
  return {
    kind: 'gateway',
    open: () => {
      const opened = serving()
      return opened === null ? Promise.reject(notServing()) : Promise.resolve(copyOf(opened))
    },
  }
}

function copyOf(serving: Serving): Copy {
  const before = serving.admitted
  return {
    request: () => Promise.reject(notServing()),
    served: () => serving.admitted - before,
    isReady: () => true,
    report: () => null,
    drain: () => Promise.resolve(),
    stop: () => Promise.resolve(),
    assigned: () => undefined,
    receive: () => undefined,
  }
}

function notServing(): RsdpError {
  return new RsdpError({
    code: 'E_NO_SERVE',
    message: 'a gateway is placed here, and this node listens for no clients',
    hint: 'start it with --serve host:port',
    exit: EXIT.precondition,
  })
}
