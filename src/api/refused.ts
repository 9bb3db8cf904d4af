/** A request that is answered with an error: `{ error, message, … }`. */
export class Refused extends Error {
  override readonly name = 'Refused'
  readonly status: number
  readonly error: string
  readonly #details: Readonly<Record<string, unknown>>

  constructor(status: number, error: string, message = '', details: Readonly<Record<string, unknown>> = {}) {
    super(message)
    this.status = status
    this.error = error
    this.#details = details
  }

  get body(): Readonly<Record<string, unknown>> {
    const message = this.message === '' ? {} : { message: this.message }
    return { error: this.error, ...message, ...this.#details }
  }
}
