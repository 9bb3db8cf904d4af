import type { Policy } from './policy.ts'

/** What each key of a policy means, for people. */
export const POLICY_KEYS: { readonly [key in keyof Policy]: string } = {
  schema: 'version of this format',
  chances:
    'how good the chance must be that draws a cluster on this chain: good, weak, local; weak: one party may choose the members',
  reducers: 'reducers that are joined, by name@version',
  sandboxed:
    'reducers of others that are joined: any, or a list of their ids and of addresses that have published them',
  twins:
    'none: tasks without a twin; stock: the twin of this package for the reducer, by its exact code hash; pure: any other one whose code reads nothing but what it is asked',
  clients: 'any, or the addresses of the clients whose tasks are joined',
  predecessors:
    'tasks that go on from another one, and wait for it with their locks: none; lines: those of a line of tasks; any',
  lockPercentPerTask: 'largest lock of one task, % of the operator’s stake (free and locked)',
  lockPercentTotal: 'largest sum of all locks, % of the stake',
  lockPercentPending: 'largest sum of locks in tasks that are not drawn yet, % of the stake',
  signUpBlocksMax: 'blocks to the end of sign-up, at most',
  taskBlocksMax: 'blocks to the end of the task, at most',
  rewardPpmPer1000Blocks:
    'least reward of a seat: millionths of its lock for every 1,000 blocks that the lock may last; 0: unpaid tasks too',
  formGasPriceMin:
    'least price for the gas of drawing the cluster, token wei per gas; 0: also tasks that nobody is paid to draw',
}
