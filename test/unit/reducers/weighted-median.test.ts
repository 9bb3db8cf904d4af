import { expect } from 'chai'
import { agreedTime, weightedLowerMedian } from '../../../src/reducers/agreed-time.ts'

describe('weighted lower median', () => {
  const cases: [name: string, values: [value: number, weight: number][], median: number | null][] = [
    ['of nothing', [], null],
    ['of one', [[7, 3]], 7],
    [
      'the lower of two',
      [
        [9, 1],
        [4, 1],
      ],
      4,
    ],
    [
      'what has exactly half below it',
      [
        [1, 2],
        [2, 1],
        [3, 1],
      ],
      1,
    ],
    [
      'weights decide',
      [
        [1, 2],
        [2, 1],
        [3, 2],
      ],
      2,
    ],
    [
      'one heavy value',
      [
        [1, 1],
        [2, 1],
        [100, 3],
      ],
      100,
    ],
  ]
  for (const [name, values, median] of cases)
    it(name, () =>
      expect(weightedLowerMedian(values.map(([value, weight]) => ({ value, weight })))).equal(median),
    )
})

describe('agreed time', () => {
  it('never goes back, and stands still when nobody is listed', () => {
    expect(agreedTime(500, [{ value: 400, weight: 1 }])).equal(500)
    expect(agreedTime(500, [])).equal(500)
    expect(agreedTime(500, [{ value: 501, weight: 1 }])).equal(501)
  })
})
