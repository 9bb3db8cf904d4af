import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'

/**
 * What the operator is told when the node could not listen: E_ADDR_IN_USE, or E_LISTEN for everything else (malformed
 * address, foreign interface, privileged port).
 */
export function listenError(listen: readonly string[], cause: unknown): RsdpError {
  const where = listen.join(', ')
  // libp2p folds the socket errors into one text and loses their codes; Node's code in it is the stable part
  if (cause instanceof Error && cause.message.includes('EADDRINUSE')) {
    return new RsdpError({
      code: 'E_ADDR_IN_USE',
      message: `another process listens on ${where}`,
      hint: 'stop it, or choose another port; port 0 picks a free one',
      exit: EXIT.busy,
      details: { listen },
      cause,
    })
  }
  return new RsdpError({
    code: 'E_LISTEN',
    message: `cannot listen on ${where}`,
    hint: 'give addresses of this machine like /ip4/0.0.0.0/tcp/4001',
    exit: EXIT.precondition,
    details: { listen },
    cause,
  })
}
