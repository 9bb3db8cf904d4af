/** What a copy of a service has on the disk of this node. */
export interface CopyFolder {
  /** First task of its line. */
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
  /** All of it, or nothing; no copy may have it open. @throws RsdpError E_RECORDS */
  remove(line: bigint, service: number): void
}
