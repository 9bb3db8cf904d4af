/**
 * Engine profile e1: everything that decides what a bundle computes and what it costs. All of it is in the engine's
 * hash. A change of any value is a new profile with a new hash.
 */
export const PROFILE = {
  name: 'e1',
  /** Memory of the guest: the engine's own limit, and the module's. */
  memoryBytes: 24 * 1024 * 1024,
  pagesMax: 512,
  /** The engine's own stack, inside its memory. */
  stackBytes: 192 * 1024,
  /** Holds down to 200 KiB of native stack in every tier of V8, and allows about 250 frames of JavaScript. */
  depthMax: 150_000,
  /** Longest answer, bytes. */
  outputBytesMax: 1024 * 1024,
  /** Longest bundle, bytes: four parts of contract code. */
  bundleBytesMax: 4 * 24_575,
} as const

/** Fuel: one unit per executed instruction. `validate` runs once per input that a peer sends, so it gets little. */
export const FUEL = {
  init: 2_000_000_000n,
  validate: 50_000_000n,
  aggregate: 2_000_000_000n,
  /** One `keccak256`: a flat price, and one for each byte. */
  keccak: 80_000n,
  keccakByte: 600n,
  /** For the engine's own start and the prelude, which are ours. */
  trusted: 1n << 50n,
  /** For the text of what a guest threw, which is for logs and may run the guest's code. */
  describe: 1_000_000n,
} as const

/** EVAL (the engine evaluates nothing without), REGEXP, JSON, MAP_SET, TYPED_ARRAYS, BIG_INT; so no DATE, PROXY, PROMISE, WEAK_REF. */
export const INTRINSICS = 2 | 4 | 8 | 32 | 64 | 256

/** File names that the guest can see in stack traces. */
export const PRELUDE_FILE = 'prelude.js'
export const BUNDLE_FILE = 'bundle.js'

/**
 * Runs before a bundle: takes away what differs between machines (clock, dice, floats in memory, stack traces) and what
 * makes code from strings, and gives keccak256. Nothing is frozen: every call starts from the same image, so what a
 * bundle does to the built-ins ends with the call.
 *
 * @param host the one host function
 */
export const PRELUDE = `'use strict';
(function (host) {
  const gone = (object, key) => {
    if (key in object && !delete object[key]) throw new Error('cannot remove ' + String(key));
  };
  gone(Math, 'random');
  for (const key of ['eval', 'Date', 'WeakRef', 'FinalizationRegistry', 'WeakMap', 'WeakSet', 'DisposableStack',
    'Promise', 'Proxy', 'performance', 'queueMicrotask', 'navigator', 'SharedArrayBuffer', 'Atomics',
    'Float16Array', 'Float32Array', 'Float64Array', 'gc', 'escape', 'unescape']) gone(globalThis, key);
  for (const key of ['getFloat16', 'getFloat32', 'getFloat64', 'setFloat16', 'setFloat32', 'setFloat64'])
    gone(DataView.prototype, key);
  const no = () => { throw new TypeError('no code from strings'); };
  for (const f of [function () {}, function* () {}, async function () {}, async function* () {}]) {
    const prototype = Object.getPrototypeOf(f);
    if (prototype) Object.defineProperty(prototype, 'constructor', { value: no, writable: false, configurable: false });
  }
  globalThis.Function = no;
  for (const key of ['prepareStackTrace', 'stackTraceLimit', 'captureStackTrace']) gone(Error, key);
  globalThis.keccak256 = (bytes) => {
    if (!(bytes instanceof Uint8Array)) throw new TypeError('keccak256 takes a Uint8Array');
    return host(bytes);
  };
})
`
