import { keccak } from '../../src/codec/hex.ts'
import type { RunnerResult } from '../../src/ports/reducer-runner.ts'
import type { Reduced } from '../../src/sandbox/bundle.ts'
import { Bundle } from '../../src/sandbox/bundle.ts'
import type { Engine } from '../../src/sandbox/sandbox.ts'
import type { Digest } from '../../src/types/ids.ts'
import { BARE_CONTEXT } from './context.ts'

/** A bundle of the body of `(op, b) => …`. */
export function bundleOf(body: string): Uint8Array {
  return new TextEncoder().encode(`(function (op, b) { 'use strict'; ${body} })`)
}

/** Answers a value as text, at most 200 characters. */
const answer = (value: string): string =>
  `{ const t = String(${value}); const out = new Uint8Array(Math.min(t.length, 200));
   for (let i = 0; i < out.length; i++) out[i] = t.charCodeAt(i); return out }`
/** Answers a value, or the message of what is thrown instead. */
const attempt = (value: string): string =>
  `let r; try { r = ${value} } catch (e) { r = e.message } ${answer('r')}`
const ONE = 'return new Uint8Array([1])'

/** Describes a reducer: `x@1`, for any params, without the state before. */
const DESCRIBES = 'if (op === 4) return Uint8Array.from([0, 1, 120, 64, 49]);'

/** A bundle that is a reducer as far as a node can see before it runs it. */
export function reducerOf(body: string): Uint8Array {
  return bundleOf(`${DESCRIBES} ${body}`)
}

/**
 * Reducers that try to stop, crash, split or outwit the node that runs them, as bodies for `reducerOf`. Each aggregates
 * the inputs of HOSTILE_CALL. `test/vectors/sandbox.json` says what each must come to, on every machine.
 */
export const HOSTILE: Readonly<Record<string, string>> = {
  // never ends
  'for ever': 'for (;;) {}',
  'for ever, shielded by try, catch and finally': `for (;;) { try { for (;;) {} } catch { ${ONE} } finally { ${ONE} } }`,
  'an iterator without end':
    'for (const x of { [Symbol.iterator]: () => ({ next: () => ({ value: 1 }) }) }) {}',
  'an array that grows while it is walked':
    'const a = [1]; for (const x of a) a.push(x), a.length > 9 && a.splice(0, 0)',
  'a generator that yields itself': 'function* g() { for (;;) yield g } for (const x of g()) {}',
  'a getter that loops': 'const o = { get a() { for (;;) {} } }; return o.a',
  'a regular expression that backtracks': attempt("/^(a+)+$/.test('a'.repeat(40) + 'b')"),
  'a regular expression with a sticky loop': "const r = /(?:)/g; while (r.exec('abc') !== undefined) {}",
  'join of an array of 1e9 holes': "const t = new Array(1e9) + ''; " + ONE,
  'indexOf in an object of length 2^53 - 1':
    'Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1); ' + ONE,
  'lastIndexOf in an object of length 2^53 - 1':
    'Array.prototype.lastIndexOf.call({ length: 2 ** 53 - 1 }, 1); ' + ONE,
  'reverse of an object of length 2^53 - 1': 'Array.prototype.reverse.call({ length: 2 ** 53 - 1 }); ' + ONE,
  'a sort of a million numbers':
    'const a = []; for (let i = 0; i < 1e6; i++) a.push((i * 7919) % 1000003); a.sort(); ' + ONE,
  'a rope of a million parts, put before': `let s = ''; for (let i = 0; i < 1e6; i++) s = 'x' + s; ${answer('s.charCodeAt(5e5)')}`,
  'a number that squares itself': 'let x = 3n; for (;;) x *= x',
  'a million bits in decimal': answer('((1n << 1000000n) - 1n).toString().length'),
  'division of large numbers':
    'let x = (1n << 900000n) - 1n, y = (1n << 450000n) + 1n; for (;;) x = (x / y) * y + x % y',
  'half a million keccaks': 'for (let i = 0; i < 5e5; i++) keccak256(b); ' + ONE,
  'keccak of the same long bytes': 'const a = new Uint8Array(1e6); for (;;) keccak256(a)',

  // goes deep
  'recursion that is caught and counted': `let d = 0; const g = () => { d++; g() }; try { g() } catch {} ${answer('d')}`,
  'recursion through a comparator': `let d = 0; const g = () => { d++; [2, 1].sort(() => { g(); return 1 }) }; try { g() } catch {} ${answer('d')}`,
  'recursion through replace': `let d = 0; const g = () => { d++; return 'a'.replace(/a/, g) }; try { g() } catch {} ${answer('d')}`,
  'recursion through toJSON': `let d = 0; const q = { toJSON() { d++; return JSON.stringify(q) } }; try { JSON.stringify(q) } catch {} ${answer('d')}`,
  'recursion through toString': `let d = 0; const q = { toString() { d++; return '' + q } }; try { '' + q } catch {} ${answer('d')}`,
  'recursion through a getter': `let d = 0; const q = { get a() { d++; return q.a } }; try { q.a } catch {} ${answer('d')}`,
  'recursion through spread and apply': `let d = 0; const g = (...a) => { d++; g.apply(null, [...a, 1]) }; try { g() } catch {} ${answer('d')}`,
  'recursion through a constructor': `let d = 0; class C { constructor() { d++; new C() } } try { new C() } catch {} ${answer('d')}`,
  'arrays nested twenty thousand deep, flattened': `let a = []; for (let i = 0; i < 20000; i++) a = [a]; ${attempt('a.flat(Infinity).length')}`,
  'arrays nested fifty thousand deep, as JSON': `let a = []; for (let i = 0; i < 50000; i++) a = [a]; ${attempt('JSON.stringify(a).length')}`,
  'a million open brackets to JSON.parse': attempt("JSON.parse('['.repeat(1e6) + ']'.repeat(1e6)).length"),
  'objects nested fifty thousand deep to JSON.parse': attempt(
    `Object.keys(JSON.parse('{"a":'.repeat(5e4) + '1' + '}'.repeat(5e4))).length`,
  ),
  'a regular expression of a hundred thousand groups': attempt(
    "new RegExp('('.repeat(1e5) + ')'.repeat(1e5)).test('x')",
  ),
  'a prototype chain of ten thousand': `let o = {}; for (let i = 0; i < 1e4; i++) o = Object.create(o); ${answer('o.missing')}`,

  // takes memory
  'two to the ten millionth': 'const x = 2n ** 10000000n; ' + ONE,
  'half a gigabyte of x': "const x = 'x'.repeat(2 ** 29); " + ONE,
  'a string that doubles': `let s = 'x'; for (let i = 0; i < 40; i++) s += s; ${answer('s.length')}`,
  'arrays without end': 'const a = []; for (;;) a.push(new Uint8Array(65536))',
  'arrays without end, caught and counted': `const a = []; try { for (;;) a.push(new Uint8Array(65536)) } catch {} ${answer('a.length')}`,
  'objects without end': 'const a = []; for (;;) a.push({ a: a.length })',
  'a buffer of a gigabyte': 'const x = new ArrayBuffer(2 ** 30); ' + ONE,
  'a map without end': 'const m = new Map(); for (let i = 0; ; i++) m.set(i, i)',
  'a sparse array of length 2^32 - 1, filled': 'const a = []; a.length = 2 ** 32 - 1; a.fill(1); ' + ONE,

  // answers what is not bytes
  'a number': 'return 5',
  nothing: '',
  'an object that looks like bytes':
    'return { length: 1, 0: 7, buffer: new ArrayBuffer(1), byteLength: 1, byteOffset: 0 }',
  'words instead of bytes': 'return new Uint32Array([1])',
  'a data view': 'return new DataView(new ArrayBuffer(4))',
  'a detached buffer': 'const a = new Uint8Array(4); a.buffer.transfer(); return a',
  'a buffer that shrank':
    'const r = new ArrayBuffer(8, { maxByteLength: 16 }); const a = new Uint8Array(r, 4); r.resize(2); return a',
  'two mebibytes': 'return new Uint8Array(2 ** 21)',
  'bytes with a lying length': `class L extends Uint8Array { get length() { return 99 } get buffer() { return new ArrayBuffer(99) } } return new L([7, 8])`,
  'a promise': 'return (async () => new Uint8Array(1))()',

  // throws what hurts to look at
  'an object whose message loops': 'throw { get message() { for (;;) {} } }',
  'an error whose message loops':
    "const e = new Error('x'); Object.defineProperty(e, 'message', { get() { for (;;) {} } }); throw e",
  'an error whose text recurses': 'throw { toString() { return String(this) } }',

  // looks for a way out, or for what differs between machines
  'code from a constructor': attempt("(() => {}).constructor('return this')()"),
  'code from a generator': attempt("(function* () {}).constructor('yield 1')().next()"),
  'clock, dice and names': answer(
    '[typeof Date, typeof Math.random, typeof eval, typeof Promise, typeof Proxy, typeof WeakRef, typeof Intl, typeof Atomics, typeof SharedArrayBuffer, typeof process, typeof require, typeof performance].join()',
  ),
  'an import': "import('x'); " + ONE,
  'a function that waits': 'const f = async () => { await 1 }; f(); ' + ONE,
  'a note for the next call': `globalThis.n = (globalThis.n ?? 0) + 1; Array.prototype.n = (Array.prototype.n ?? 0) + 1; ${answer('[n, [].n]')}`,
  'a broken built-in': `Uint8Array.prototype.set = () => { throw 1 }; Object.prototype.then = 1; ${ONE}`,
  'an inconsistent comparator': `let i = 0; const a = []; for (let k = 0; k < 40; k++) a.push(k); a.sort(() => (i++ % 3) - 1); ${answer('a')}`,
  'order of keys and maps': `const o = { b: 1, 10: 1, a: 1, 2: 1 }; const m = new Map([[3, 1], [1, 1]]); m.delete(3); m.set(3, 1); ${answer("Object.keys(o) + '|' + [...m.keys()]")}`,
  'where the error was thrown': answer("new Error('x').stack"),
  'words of a locale': answer(
    "[(1234567.5).toLocaleString(), 'a'.localeCompare('b'), 'é'.normalize('NFD').length, 'İ'.toLowerCase().length]",
  ),
  'floats of the mathematics library': `let s = 0; for (let i = 1; i < 400; i++) s += Math.pow(i / 7, 1.37) + Math.sin(i) + Math.exp(i / 90) + Math.log(i) + Math.hypot(i, 1 / i); ${answer('s')}`,
  'signs of not-a-number': answer('[0 / 0, -NaN, Math.sqrt(-1)].map((x) => Object.is(x, NaN))'),
  'writes past the frame': 'b[2 ** 31] = 1; b[-1] = 1; b[1e9] = 1; return b',
  'keccak of what is no array': attempt("keccak256('abc')"),
  'keccak of a false array': attempt('keccak256(Object.create(Uint8Array.prototype))'),
  'the host function out of the closure': answer(
    '[typeof host, keccak256.length, typeof keccak256.constructor]',
  ),
}

/** What every hostile reducer is called with. */
export const HOSTILE_CALL = {
  params: '0x',
  context: BARE_CONTEXT,
  inputs: [{ member: 0, state: Uint8Array.of(5, 6, 7) }],
} as const

type Outcome = Readonly<Record<string, string>>

export interface Outcomes {
  readonly engine: Digest
  readonly outcomes: Readonly<Record<string, Outcome>>
}

/** What a hostile reducer comes to: its verdict, the hash of its state, the fuel of its evaluation and of its call. */
export function outcomeOf(engine: Engine, body: string): Outcome {
  const opened = Bundle.open(engine, reducerOf(body))
  if (!opened.ok) return { verdict: opened.code }
  const { bundle } = opened
  const result = bundle.reduce({ reducer: bundle.id, ...HOSTILE_CALL })
  return { start: String(bundle.startFuel), ...outcomeOfCall(result) }
}

/** All of them, as `test/vectors/sandbox.json` has them. */
export function allOutcomes(engine: Engine): Outcomes {
  const outcomes = Object.entries(HOSTILE).map(([name, body]) => [name, outcomeOf(engine, body)] as const)
  return { engine: engine.hash, outcomes: Object.fromEntries(outcomes) }
}

/** The part of an outcome that a call in another thread has, too. */
export function outcomeOfCall(result: Reduced | RunnerResult): Outcome {
  const fuel = 'fuel' in result ? { fuel: String(result.fuel) } : {}
  return result.ok
    ? { verdict: 'ok', state: keccak(result.state), ...fuel }
    : { verdict: result.code, ...fuel }
}
