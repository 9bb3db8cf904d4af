/** Thrown by a call that the contracts refuse; the message is the name of the error. */
class Refused extends Error {}

export function check(condition: boolean, error: string): asserts condition {
  if (!condition) throw new Refused(error)
}

/** Name of the error with which a call is refused; null if it is not. */
export function refusalOf(run: () => void): string | null {
  try {
    run()
    return null
  } catch (error) {
    if (error instanceof Refused) return error.message
    throw error
  }
}
