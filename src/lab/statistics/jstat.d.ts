/** What the lab uses of jStat: distribution functions. */
declare module 'jstat' {
  const jStat: {
    readonly studentt: { cdf(x: number, dof: number): number; inv(p: number, dof: number): number }
    readonly centralF: { cdf(x: number, df1: number, df2: number): number }
    /** Studentised range: Tukey's test. */
    readonly tukey: { cdf(q: number, means: number, dof: number): number }
    readonly normal: { cdf(x: number, mean: number, sd: number): number }
  }
  export default jStat
}
