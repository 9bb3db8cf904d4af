/** Why a reduction yields no state that this node would sign. */
export type ReducerFault =
  /** No reducer with that id. */
  | 'unknownReducer'
  /** Params do not decode. */
  | 'badParams'
  /** An input is too long, does not decode, is refused by `validate`, or members are not ascending. */
  | 'badInput'
  /** The reducer needs the decided state of the height before, and the profile or the task hands none on. */
  | 'noPrevious'
  /** Two runs on equal input gave different bytes (paper, section 4: not locally valid). */
  | 'nondeterministic'
  /** The reducer threw, also by writing to its frozen arguments. */
  | 'threw'
  /** The output is not canonical: the reducer's own codec does not read it back. */
  | 'badOutput'
  /** The output is longer than the task's state cap. */
  | 'overCap'

export type ReducerResult =
  { readonly ok: true; readonly state: Uint8Array } | { readonly ok: false; readonly code: ReducerFault }
