/** What a copy of a service has on the disk of this node. */
export interface CopyFolder {
  /** First task of its line that this node was drawn for. */
  readonly line: bigint
  readonly service: number
  readonly bytes: number
}

/** Where copies of services keep what they have to find again: a folder each, which stays when the copy stops. */
export interface CopyFolders {
  /** It may not exist yet. */
  of(line: bigint, service: number): string
  /** Those that exist, by line, then by service. */
  list(): readonly CopyFolder[]
  /** Line of a task, as it was noted; null: it was not. */
  lineOf(task: bigint): bigint | null
  /** Durable: a node that starts anew in a later task of a line has to find its copies. @throws RsdpError E_RECORDS */
  noteLine(task: bigint, line: bigint): void
  /** All of it, or nothing; no copy may have it open. @throws RsdpError E_RECORDS */
  remove(line: bigint, service: number): void
}
