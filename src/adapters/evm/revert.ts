import type { Interface } from 'ethers'
import { decodeBytes32String, isHexString } from 'ethers'
import { abis } from './abi.ts'

export interface Revert {
  /** Name of the custom error; `Error` and `Panic` are Solidity's own, `Reverted` is one without data. */
  readonly name: string
  /** With its arguments, for people. */
  readonly text: string
}

/** What a contract meant by reverting with `data`. The error may be that of a contract that was called in turn. */
export function decodeRevert(data: string | null | undefined): Revert {
  if (data === null || data === undefined || data === '0x') return { name: 'Reverted', text: 'Reverted' }
  for (const abi of Object.values(abis()) as Interface[]) {
    const parsed = parse(abi, data)
    if (parsed !== null) return parsed
  }
  return { name: 'UnknownError', text: `UnknownError(${data.slice(0, 10)})` }
}

function parse(abi: Interface, data: string): Revert | null {
  try {
    const error = abi.parseError(data)
    return error === null
      ? null
      : { name: error.name, text: `${error.name}(${error.args.map(show).join(', ')})` }
  } catch {
    // right selector, wrong arguments: not an error of ours
    return null
  }
}

/** Names of parameters travel as bytes32. */
function show(value: unknown): string {
  if (!isHexString(value, 32)) return String(value)
  try {
    const text = decodeBytes32String(value)
    return /^\w+$/.test(text) ? text : value
  } catch {
    return value
  }
}
