/** An event of a task, posted on chain by the client or a named reporter (paper, section 6). */
export interface LedgerEvent {
  /** 1, 2, … per task, without gaps. */
  readonly seq: number
  readonly data: Uint8Array
}
