/** Resolves after so many milliseconds. Browsers run the audit, too: what only Node has is no use here. */
export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
