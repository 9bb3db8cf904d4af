import { buildModule } from '@nomicfoundation/hardhat-ignition/modules'

/** Money for local chains: anybody can mint it. Its constructor reverts elsewhere. */
export default buildModule('DevToken', (m) => ({ token: m.contract('StakeToken') }))
