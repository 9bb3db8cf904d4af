import { checkWideLife } from '../helpers/wide-check.ts'
import { liveWide } from '../helpers/wide-life.ts'

/** Beyond 32 bits, and beyond one word of convictions. `npm run life:wide 64 128` takes the rest. */
const SEATS = 40

describe(`a whole life with ${SEATS} members on the real contracts`, function () {
  this.timeout(600_000)

  it('sign-up, drawing, heights, convictions E1 to E4, claims of all, release, audit: to the wei', async () => {
    checkWideLife(await liveWide(SEATS, () => undefined), SEATS)
  })
})
