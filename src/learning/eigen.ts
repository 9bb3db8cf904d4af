/** Eigenvectors of a symmetric matrix by Jacobi's rotations: + − × ÷ and roots alone, the same bits on every machine. */

export interface Eigen {
  readonly value: number
  readonly vector: readonly number[]
}

const SWEEPS_MAX = 40

/** @returns by falling value; each vector has length 1 and a first component that is not negative */
export function eigenOf(matrix: readonly (readonly number[])[]): Eigen[] {
  const size = matrix.length
  const a = matrix.map((row) => Float64Array.from(row))
  const vectors = matrix.map((_, row) => Float64Array.from(matrix, (__, column) => (row === column ? 1 : 0)))
  const at = (rows: readonly Float64Array[], row: number, column: number): number => rows[row]?.[column] ?? 0
  const turn = (x: Float64Array, y: Float64Array, cosine: number, sine: number): void => {
    for (let k = 0; k < size; k += 1) {
      const [u, v] = [x[k] ?? 0, y[k] ?? 0]
      x[k] = cosine * u - sine * v
      y[k] = sine * u + cosine * v
    }
  }
  const none = new Float64Array()
  for (let sweep = 0; sweep < SWEEPS_MAX; sweep += 1) {
    let off = 0
    for (let p = 0; p < size; p += 1)
      for (let q = p + 1; q < size; q += 1) {
        const apq = at(a, p, q)
        off += apq * apq
        if (Math.abs(apq) < 1e-14) continue
        const theta = (at(a, q, q) - at(a, p, p)) / (2 * apq)
        const t = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1))
        const cosine = 1 / Math.sqrt(t * t + 1)
        const sine = t * cosine
        for (const row of a) {
          const [u, v] = [row[p] ?? 0, row[q] ?? 0]
          row[p] = cosine * u - sine * v
          row[q] = sine * u + cosine * v
        }
        turn(a[p] ?? none, a[q] ?? none, cosine, sine)
        turn(vectors[p] ?? none, vectors[q] ?? none, cosine, sine)
      }
    if (off < 1e-12) break
  }
  return vectors
    .map((vector, place) => ({ value: at(a, place, place), vector: upright(vector) }))
    .sort((x, y) => y.value - x.value)
}

function upright(vector: Float64Array): number[] {
  const sign = (vector.find((part) => Math.abs(part) > 1e-9) ?? 1) < 0 ? -1 : 1
  return Array.from(vector, (part) => part * sign)
}
