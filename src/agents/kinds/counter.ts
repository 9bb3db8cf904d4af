import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { Copy, ServiceKind } from '../kind.ts'

/**
 * Answers each request with how many it has answered since it was started, as u32. It keeps nothing: for trying out
 * placement and load.
 */
export const counter: ServiceKind = {
  kind: 'counter',
  open: () => Promise.resolve(new Counter()),
}

class Counter implements Copy {
  #served = 0
  #isDraining = false

  request(): Promise<Uint8Array> {
    if (this.#isDraining) return Promise.reject(isDraining())
    this.#served += 1
    const reply = new Uint8Array(4)
    new DataView(reply.buffer).setUint32(0, this.#served)
    return Promise.resolve(reply)
  }

  served(): number {
    return this.#served
  }

  isReady(): boolean {
    return true
  }

  report(): null {
    return null
  }

  drain(): Promise<void> {
    this.#isDraining = true
    return Promise.resolve()
  }

  stop(): Promise<void> {
    return this.drain()
  }

  assigned(): void {
    // it makes no difference to it
  }

  receive(): void {
    // its copies do not talk
  }
}

function isDraining(): RsdpError {
  return new RsdpError({
    code: 'E_DRAINING',
    message: 'this copy takes no more requests',
    hint: 'ask another node',
    exit: EXIT.busy,
  })
}
