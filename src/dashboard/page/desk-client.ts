import type { DeskCall, DeskCalls, DeskReply, DeskRequest } from '../desk/messages.ts'

/** A call of the audit worker that failed. */
export class DeskError extends Error {
  override readonly name = 'DeskError'
  readonly code: string
  readonly hint: string

  constructor(code: string, message: string, hint: string) {
    super(message)
    this.code = code
    this.hint = hint
  }
}

interface Waiting {
  readonly resolve: (answer: unknown) => void
  readonly reject: (error: Error) => void
}

/** The audit worker of this page. Its program is part of the page: nothing is loaded. */
export class DeskClient {
  readonly #worker: Worker
  readonly #waiting = new Map<number, Waiting>()
  #calls = 0

  constructor(program: string) {
    const url = URL.createObjectURL(new Blob([program], { type: 'text/javascript' }))
    this.#worker = new Worker(url)
    URL.revokeObjectURL(url)
    this.#worker.addEventListener('message', ({ data }: MessageEvent<DeskReply>) => this.#settle(data))
    this.#worker.addEventListener('error', ({ message }) => {
      for (const { reject } of this.#waiting.values())
        reject(new DeskError('E_BUG', `the audit worker stopped: ${message}`, 'load the page again'))
      this.#waiting.clear()
    })
  }

  /** Rejects with a DeskError. */
  call<K extends DeskCall>(call: K, ask: DeskCalls[K]['ask']): Promise<DeskCalls[K]['answer']> {
    this.#calls += 1
    const request: DeskRequest = { id: this.#calls, call, ask }
    return new Promise((resolve, reject) => {
      this.#waiting.set(request.id, { resolve: resolve as Waiting['resolve'], reject })
      this.#worker.postMessage(request)
    })
  }

  #settle(reply: DeskReply): void {
    const waiting = this.#waiting.get(reply.id)
    this.#waiting.delete(reply.id)
    if (reply.ok) waiting?.resolve(reply.answer)
    else waiting?.reject(new DeskError(reply.code, reply.message, reply.hint))
  }
}
