/** Heights of a task are fewer: an id is its task times this, and the height. */
export const LINE_HEIGHTS = 65_536

/** Id of an event of a line, as `Last-Event-ID` takes it. */
export function lineEventId(task: bigint, height: number): number {
  return Number(task) * LINE_HEIGHTS + height
}
