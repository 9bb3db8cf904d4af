import { buildModule } from '@nomicfoundation/hardhat-ignition/modules'

/** The Solidity twins of the stock reducers. They hold nothing and know nobody: one set serves every task of a chain. */
export default buildModule('Twins', (m) => ({
  rateLimit: m.contract('RateLimitTwin'),
  timeSlots: m.contract('TimeSlotsTwin'),
  popularValue: m.contract('PopularValueTwin'),
  median: m.contract('MedianTwin'),
  weightedVote: m.contract('WeightedVoteTwin'),
}))
