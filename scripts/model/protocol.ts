import type * as create from '../../src/protocol/create.ts'
import type * as engine from '../../src/protocol/engine.ts'

/** The functions under check: the program's own, or those of a copy with one line changed. */
export interface Protocol {
  readonly step: typeof engine.step
  readonly createEngine: typeof create.createEngine
}
