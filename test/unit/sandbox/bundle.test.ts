import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { loadEngine } from '../../../src/adapters/sandbox/load-engine.ts'
import { toHex } from '../../../src/codec/hex.ts'
import { median } from '../../../src/reducers/median.ts'
import { findReducer } from '../../../src/reducers/catalog.ts'
import { runReducer } from '../../../src/reducers/run.ts'
import { Bundle } from '../../../src/sandbox/bundle.ts'
import { bundleAnswers, nativeAnswers } from '../../helpers/bundle-answers.ts'
import { readBundles, SANDBOX_PAGE, withBundles } from '../../helpers/bundles-results.ts'
import { BARE_CONTEXT } from '../../helpers/context.ts'
import { bundleOf } from '../../helpers/hostile-bundles.ts'
import { openBundle, stockBundle } from '../../helpers/stock-bundles.ts'
import { TWINNED_IDS, twinCase } from '../../helpers/twin-cases.ts'
import { readVectors } from '../../helpers/vectors.ts'

const { bundles } = readVectors('sandbox') as {
  readonly bundles: Readonly<Record<string, { readonly id: string; readonly bytes: number }>>
}
/** More of them: `npm run bundles`. */
const CASES = 20
const PARAMS = toHex(median.params.encode({ min: 0n, max: 100n }))
const input = (value: bigint): Uint8Array => median.state.encode({ median: 0n, rows: [{ member: 0, value }] })
const CALL = {
  reducer: 'any',
  params: PARAMS,
  context: BARE_CONTEXT,
  inputs: [1n, 2n, 3n].map((value, member) => ({ member, state: input(value) })),
}

/** A bundle that says what it is, and then does this. */
const honest = (body: string, name = 'x@1'): Bundle =>
  openBundle(
    bundleOf(
      `if (op === 4) return Uint8Array.from([0, 1, ...'${name}'].map((c) => typeof c === 'string' ? c.charCodeAt(0) : c)); ${body}`,
    ),
  )

describe('bundles of reducers', function () {
  this.timeout(120_000)

  it('are no reducers if they do not say what they are', () => {
    const refused = (body: string): string => {
      const opened = Bundle.open(loadEngine(), bundleOf(body))
      return opened.ok ? 'taken' : opened.code
    }
    expect(refused('return new Uint8Array()')).to.equal('badBundle')
    expect(refused('return new Uint8Array(70)')).to.equal('badBundle')
    expect(refused('throw 1')).to.equal('threw')
    expect(refused('for (;;) {}')).to.equal('overBudget')
  })

  it('accept nothing where they do not answer', () => {
    for (const body of [
      'throw 1',
      'for (;;) {}',
      'return new Uint8Array(0)',
      'return new Uint8Array([2])',
      'return new Uint8Array([1, 1])',
      'return 1',
    ])
      expect(honest(body).judge('0x', input(1n)).accepts, body).to.equal(false)
    expect(honest('return new Uint8Array([1])').judge('0x', input(1n)).accepts).to.equal(true)
    expect(honest('return new Uint8Array([1])').judge('0x0', input(1n)).accepts).to.equal(false)
  })

  it('accept no params if these change what they say they are', () => {
    const name = (text: string): string =>
      `...'${text}'].map((c) => typeof c === 'string' ? c.charCodeAt(0) : c))`
    const shifty = openBundle(
      bundleOf(
        `return Uint8Array.from([0, 1, ${name('x@1').replace('x@1', 'x@')}`.replace(
          "...'x@'",
          "...('x@' + b.length)",
        ),
      ),
    )
    expect(shifty.acceptsParams('0x')).to.equal(true)
    expect(shifty.acceptsParams('0x00')).to.equal(false)
    expect(shifty.acceptsParams('0x0')).to.equal(false)
  })

  it('come to the verdict of the sandbox', () => {
    const code = (body: string): string => {
      const result = honest(body).reduce(CALL)
      return result.ok ? 'ok' : result.code
    }
    expect(code('for (;;) {}')).to.equal('overBudget')
    expect(code('throw 1')).to.equal('threw')
    expect(code('return 1')).to.equal('badOutput')
    expect(code('return new Uint8Array(2 ** 21)')).to.equal('overCap')
    expect(code('async function f() {} f(); return b')).to.be.oneOf(['threw', 'async'])
  })

  it('cost and give the same however often they are asked, and whatever was asked between', async () => {
    const bundle = openBundle(await stockBundle(median.id))
    const first = bundle.reduce(CALL)
    const big = { ...CALL, inputs: [{ member: 0, state: new Uint8Array(4_000_000) }] }
    for (let i = 0; i < 3; i += 1) {
      bundle.reduce({ ...CALL, inputs: [] })
      expect(bundle.reduce(CALL)).to.deep.equal(first)
      // too much for the memory that the next call starts with
      expect(bundle.reduce(big).ok).to.equal(false)
      expect(bundle.reduce(CALL)).to.deep.equal(first)
    }
    expect(first.ok && toHex(first.state)).to.equal(stateOf(runReducer({ ...CALL, reducer: median.id })))
  })

  it('answer after each way to end a call', () => {
    const bundle = honest(`
      const down = () => down()
      switch (b[b.length - 1]) { case 1: for (;;) {} case 2: down(); case 3: throw 1; case 4: return 5;
        case 5: globalThis.x = 'x'.repeat(2 ** 29) } return op === 0 ? new Uint8Array([1]) : b.slice(-1)`)
    const ended = (last: number): string => {
      const result = bundle.reduce({ ...CALL, inputs: [{ member: 0, state: Uint8Array.of(last) }] })
      return result.ok ? toHex(result.state) : result.code
    }
    const codes = ['overBudget', 'tooDeep', 'threw', 'badOutput', 'outOfMemory']
    codes.forEach((code, i) => {
      expect(ended(i + 1)).to.equal(code)
      expect(bundle.judge('0x', Uint8Array.of(9)).accepts, `after ${code}`).to.equal(true)
      expect(ended(9)).to.equal('0x09')
    })
  })

  it('docs/sandbox.md says how far these bundles were compared, and no others', () => {
    const results = readBundles()
    const ids = Object.entries(results).map(([name, { bundle }]) => [name, bundle])
    expect(ids).to.deep.equal(Object.entries(bundles).map(([name, { id }]) => [name, id]))
    const page = readFileSync(SANDBOX_PAGE, 'utf8')
    expect(withBundles(page, results)).to.equal(page)
  })

  for (const id of TWINNED_IDS) {
    it(`${id} has the id of the vectors`, async () => {
      const bytes = await stockBundle(id)
      const { id: bundleId, name } = openBundle(bytes)
      expect({ id: bundleId, bytes: bytes.length }).to.deep.equal(bundles[id])
      expect(name).to.equal(id)
    })

    it(`${id} answers as it does here`, async () => {
      const bundle = openBundle(await stockBundle(id))
      for (let number = 1; number <= CASES; number += 1) {
        const one = twinCase(id, number)
        expect(bundleAnswers(bundle, one), `case ${number}`).to.deep.equal(
          nativeAnswers(findReducer(id)!, one),
        )
      }
    })

    it(`${id}: a driver and an auditor get the same of it`, async () => {
      const bundle = openBundle(await stockBundle(id))
      let states = 0
      for (let number = 1; number <= CASES; number += 1) {
        const { params, inputs, seed, height, members } = twinCase(id, number)
        const context = { ...BARE_CONTEXT, seed, height, members, previous: null }
        const call = { reducer: id, params: toHex(params), context, inputs, closing: number % 3 === 0 }
        const here = runReducer(call)
        if (!here.ok) continue
        states += 1
        const driver = bundle.reduce(call)
        expect(driver.ok && toHex(driver.state)).to.equal(toHex(here.state))
        expect(stateOf(runReducer(call, { find: () => bundle.asReducer() }))).to.equal(toHex(here.state))
      }
      expect(states).to.be.greaterThan(CASES / 3)
    })
  }
})

function stateOf(result: ReturnType<typeof runReducer>): string {
  return result.ok ? toHex(result.state) : result.code
}
