/** A request that is answered with an error: `{ error, message }`. */
export class Refused extends Error {
  override readonly name = 'Refused'
  readonly status: number
  readonly error: string

  constructor(status: number, error: string, message = '') {
    super(message)
    this.status = status
    this.error = error
  }

  get body(): { readonly error: string; readonly message?: string } {
    return this.message === '' ? { error: this.error } : { error: this.error, message: this.message }
  }
}
