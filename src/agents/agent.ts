/** Brings what is to what is wanted. It is told again and again, and acts on the difference. */
export interface Agent<Desired> {
  /** What is wanted from now on. Never throws, never waits. */
  want(desired: Desired): void
  /** Ends what it has begun. May be called twice. */
  stop(): Promise<void>
}
