export interface Usl {
  /** Throughput of one. */
  readonly lambda: number
  /** Contention. */
  readonly sigma: number
  /** Coherency. */
  readonly kappa: number
}

/**
 * Universal scalability law X(N) = λN / (1 + σ(N − 1) + κN(N − 1)), by least squares on N / X, which is linear in 1/λ, σ/λ, κ/λ.
 *
 * @param points (N, X), X > 0, at least three different N
 * @returns null if the points do not determine it
 */
export function fitUsl(points: readonly (readonly [n: number, throughput: number])[]): Usl | null {
  const matrix = [0, 1, 2].map(() => [0, 0, 0, 0])
  for (const [n, x] of points) {
    const terms = [1, n - 1, n * (n - 1)]
    for (let i = 0; i < 3; i += 1) {
      const row = matrix[i] ?? []
      for (let j = 0; j < 3; j += 1) row[j] = (row[j] ?? 0) + (terms[i] ?? 0) * (terms[j] ?? 0)
      row[3] = (row[3] ?? 0) + ((terms[i] ?? 0) * n) / x
    }
  }
  const solved = solve(matrix)
  if (solved === null) return null
  const [a = 0, b = 0, c = 0] = solved
  return a <= 0 ? null : { lambda: 1 / a, sigma: b / a, kappa: c / a }
}

/** Gauss with pivots. */
function solve(matrix: number[][]): number[] | null {
  const size = matrix.length
  for (let column = 0; column < size; column += 1) {
    const order = matrix.slice(column).sort((a, b) => Math.abs(b[column] ?? 0) - Math.abs(a[column] ?? 0))
    matrix.splice(column, size, ...order)
    const pivot = matrix[column]?.[column] ?? 0
    if (Math.abs(pivot) < 1e-12) return null
    for (let other = 0; other < size; other += 1) {
      if (other === column) continue
      const factor = (matrix[other]?.[column] ?? 0) / pivot
      matrix[other] = (matrix[other] ?? []).map((value, i) => value - factor * (matrix[column]?.[i] ?? 0))
    }
  }
  return matrix.map((row, i) => (row[size] ?? 0) / (row[i] ?? 1))
}
