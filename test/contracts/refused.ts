import { expect } from 'chai'
import type { BaseContract } from 'ethers'

/** Holds if the call reverts with this custom error and exactly these values. */
export async function refused(
  call: Promise<unknown>,
  contract: BaseContract,
  error: string,
  ...args: unknown[]
): Promise<void> {
  const assertion = expect(call).to.be.revertedWithCustomError(contract, error)
  await (args.length === 0 ? assertion : assertion.withArgs(...args))
}
