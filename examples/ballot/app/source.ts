import type { StateSource } from 'rsdp/reducers'
import reducer from './reducer.ts'

/** A vote for the first choice, of weight 1, where nobody brings another over the API (`--feed`). */
export default function open(): StateSource {
  const state = { choice: `0x${'01'.repeat(32)}`, weight: 1n, total: 1n } as const
  return { observe: () => Promise.resolve(reducer.state.encode(state)), decided: () => undefined }
}
