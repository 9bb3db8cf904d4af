/** Least squares with a constant, by Gauss elimination; columns that are constant in training are left out. */
export function fitLinear(
  rows: readonly (readonly number[])[],
  targets: readonly number[],
): (row: readonly number[]) => number {
  const width = rows[0]?.length ?? 0
  const means = Array.from({ length: width }, (_, column) => average(rows.map((row) => row[column] ?? 0)))
  const spreads = means.map((mean, column) =>
    Math.sqrt(average(rows.map((row) => ((row[column] ?? 0) - mean) ** 2))),
  )
  const used = spreads.flatMap((spread, column) => (spread > 1e-9 ? [column] : []))
  const scaled = (row: readonly number[]): number[] => [
    1,
    ...used.map((column) => ((row[column] ?? 0) - (means[column] ?? 0)) / (spreads[column] ?? 1)),
  ]
  const size = used.length + 1
  const matrix = Array.from({ length: size }, () => new Float64Array(size + 1))
  rows.forEach((row, place) => {
    const x = scaled(row)
    x.forEach((a, i) => {
      const line = matrix[i] ?? new Float64Array()
      x.forEach((b, j) => (line[j] = (line[j] ?? 0) + a * b))
      line[size] = (line[size] ?? 0) + a * (targets[place] ?? 0)
    })
  })
  const weights = solve(matrix)
  return (row) => scaled(row).reduce((sum, value, place) => sum + value * (weights[place] ?? 0), 0)
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)
}

/** Solution of n lines of n + 1 numbers; a direction that no row determines gets weight 0. */
function solve(matrix: Float64Array[]): number[] {
  const size = matrix.length
  for (let i = 0; i < size; i += 1) {
    let pivot = i
    for (let row = i; row < size; row += 1)
      if (Math.abs(matrix[row]?.[i] ?? 0) > Math.abs(matrix[pivot]?.[i] ?? 0)) pivot = row
    const line = matrix[pivot] ?? new Float64Array()
    matrix[pivot] = matrix[i] ?? line
    matrix[i] = line
    const head = line[i] ?? 0
    if (Math.abs(head) < 1e-6) continue
    for (let row = 0; row < size; row += 1) {
      const other = matrix[row]
      if (row === i || other === undefined) continue
      const factor = (other[i] ?? 0) / head
      for (let column = i; column <= size; column += 1)
        other[column] = (other[column] ?? 0) - factor * (line[column] ?? 0)
    }
  }
  return matrix.map((line, i) => (Math.abs(line[i] ?? 0) < 1e-6 ? 0 : (line[size] ?? 0) / (line[i] ?? 1)))
}
