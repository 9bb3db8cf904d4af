/** One thing that `rsdp doctor` has looked at. */
export interface Check {
  readonly name: string
  readonly verdict: 'ok' | 'warn' | 'fail'
  readonly text: string
  /** What to do about it; empty if nothing. */
  readonly hint: string
}
