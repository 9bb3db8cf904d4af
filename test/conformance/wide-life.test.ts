import { checkWideLife } from '../helpers/wide-check.ts'
import { liveWide } from '../helpers/wide-life.ts'

/** Beyond the 31 bits of a number, and beyond one word of convictions. */
const SEATS = 64

describe(`a whole life with ${SEATS} members on the real contracts`, function () {
  this.timeout(600_000)

  it('sign-up, drawing, heights, convictions E1 to E4, claims of all, release, audit: to the wei', async () => {
    checkWideLife(await liveWide(SEATS, () => undefined), SEATS)
  })
})
