import type { Digest } from '../../types/ids.ts'

/** Whether a reducer is named by its id; stock reducers are named by name. */
export const isBundleId = (name: string): name is Digest => /^0x[0-9a-f]{64}$/.test(name)
