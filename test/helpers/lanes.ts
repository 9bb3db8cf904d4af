/**
 * Does all items, at most `lanes` of them at a time; an item begins, in the order given, as soon as another has ended.
 *
 * @returns what each gave, in the order of the items
 * @throws what the first failed item threw
 */
export async function inLanes<Item, Result>(
  items: readonly Item[],
  lanes: number,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  const waiting = items.entries()
  const lane = async (): Promise<void> => {
    for (const [index, item] of waiting) results[index] = await work(item)
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return results
}
