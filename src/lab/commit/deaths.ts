/** The coordinator dies as it comes into this state, before it says anything of it; `never`: it lives. */
export const DEATHS = ['never', 'preparing', 'prepared', 'committing'] as const
