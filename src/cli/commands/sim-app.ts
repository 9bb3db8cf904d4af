import type { SimulatedApp } from '../../sim/application.ts'

/** The application of simulated worlds, out of its folder; none named: what worlds run by themselves. */
export async function appOf(folder: string | undefined): Promise<{ readonly app?: SimulatedApp }> {
  if (folder === undefined) return {}
  const { simulatedApp } = await import('../app/simulated.ts')
  return { app: await simulatedApp(folder) }
}
