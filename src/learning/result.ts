/** What a method is: nothing but chance, the field's simple methods, and what this project fits. */
export type Kind = 'random' | 'simple' | 'learned' | 'published'

/** One figure of a run. */
export interface Figure {
  readonly set: string
  readonly method: string
  readonly kind: Kind
  readonly measure: string
  readonly value: number
  /** Of the bootstrap, 95 %; absent where nothing was resampled. */
  readonly interval?: readonly [low: number, high: number]
  /** What was counted: rows, events, engines, blocks. */
  readonly n: number
  /** One value per server or file, if the figure is their mean. */
  readonly each?: Readonly<Record<string, number>>
}

/** Text of a file of the data folder, unpacked. */
export type ReadData = (path: string) => string

export const round = (value: number): number => Math.round(value * 10_000) / 10_000
