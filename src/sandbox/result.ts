/** Why a bundle gave no bytes. Equal on every machine, so it may be attested. */
export type SandboxVerdict =
  /** The fuel is spent. */
  | 'overBudget'
  /** The call stack is deeper than the profile allows. */
  | 'tooDeep'
  /** The bundle threw. */
  | 'threw'
  /** The bundle asked for more memory, or a longer string, than the profile allows. It cannot catch that. */
  | 'outOfMemory'
  /** What the bundle returned is not a Uint8Array. */
  | 'badOutput'
  /** What the bundle returned is too long. */
  | 'overCap'
  /** The call left a job behind: an `async` function, `import()`. */
  | 'async'
  /** The bundle is too long, is not UTF-8, or its value is not a function. */
  | 'badBundle'

/** What says something about this machine alone: the node abstains. */
export type HostFault =
  /** The native stack ended before the profile's depth. */
  | 'hostStack'
  /** The machine refused memory that the profile allows. */
  | 'hostMemory'

export type SandboxFault = SandboxVerdict | HostFault

export type SandboxResult = { readonly fuel: bigint } & (
  | { readonly ok: true; readonly bytes: Uint8Array }
  /** `detail` is for logs: it differs between machines. */
  | { readonly ok: false; readonly code: SandboxFault; readonly detail: string }
)
