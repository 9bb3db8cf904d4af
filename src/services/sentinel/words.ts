/**
 * Cells of a row as integers. A column of words becomes the place of the word in the model's list, −1 for a word that training
 * has not seen; a column of numbers stays as it is.
 *
 * @param words one list per column, empty for a column of numbers
 */
export function encodeRow(
  words: readonly (readonly string[])[],
  numbers: readonly number[],
  cells: readonly string[],
): number[] {
  return words.map((list, column) =>
    list.length === 0 ? (numbers[column] ?? 0) : list.indexOf(cells[column] ?? ''),
  )
}
