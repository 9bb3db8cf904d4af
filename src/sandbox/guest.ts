import { fromHex, keccak } from '../codec/hex.ts'
import { HOST_REFUSED_MEMORY } from './meter/meter.ts'
import { BUNDLE_FILE, FUEL, INTRINSICS, PRELUDE, PRELUDE_FILE, PROFILE } from './profile.ts'
import type { QuickJs, Handle } from './quickjs.ts'
import { hostImports } from './quickjs.ts'
import type { SandboxFault } from './result.ts'

/** The memory of a guest whose bundle was evaluated: every call starts from this image. */
export interface Image {
  readonly module: WebAssembly.Module
  readonly memory: Uint8Array
  readonly stackPointer: number
  readonly runtime: number
  readonly context: number
  /** The bundle's function. */
  readonly entry: Handle
  /** A guest of an earlier call, to be wound back for the next one: a fresh instance takes a hundred times longer. */
  spare: Guest | null
}

/** Ends a run with a verdict. */
export class Fault extends Error {
  readonly code: SandboxFault
  constructor(code: SandboxFault, detail: string) {
    super(detail)
    this.code = code
  }
}

const HOST_FUNCTION = 'keccak256'
const PAGE_BYTES = 65_536
const encoder = new TextEncoder()
const decoder = new TextDecoder()

/**
 * One instance of the engine, for one call. The order in which the host calls the engine is part of its profile: it
 * moves the heap, and with it the fuel.
 */
export class Guest {
  /** Fuel that the last `measure` used. */
  used = 0n
  readonly #js: QuickJs

  private constructor(module: WebAssembly.Module) {
    const host = hostImports((args, count) => this.#keccak(args, count))
    const instance = new WebAssembly.Instance(module, host.imports)
    this.#js = instance.exports as unknown as QuickJs
    host.attach(this.#js)
    this.#js.__fuel.value = FUEL.trusted
  }

  /** Evaluates a bundle. Throws Fault: `badBundle` or what the bundle did. */
  static start(module: WebAssembly.Module, source: string): { image: Image; fuel: bigint } {
    const guest = new Guest(module)
    const js = guest.#js
    js._initialize()
    if (js.qjs_init2(INTRINSICS) !== 0) throw new Fault('hostMemory', 'the engine does not start')
    js.qjs_set_memory_limit(PROFILE.memoryBytes)
    js.qjs_set_max_stack_size(PROFILE.stackBytes)
    guest.measure(FUEL.trusted, () => guest.#prelude())
    const entry = guest.measure(FUEL.init, () => guest.#evaluate(source, BUNDLE_FILE))
    if (js.qjs_is_function(entry) === 0)
      throw new Fault('badBundle', 'the value of the bundle is not a function')
    if (js.qjs_is_job_pending() !== 0) throw new Fault('badBundle', 'the bundle left a job behind')
    const image: Image = {
      module,
      memory: new Uint8Array(js.memory.buffer).slice(),
      stackPointer: js.__stack_pointer.value,
      runtime: js.qjs_get_runtime_ptr(),
      context: js.qjs_get_context_ptr(),
      entry,
      spare: null,
    }
    return { image, fuel: guest.used }
  }

  /** A guest with the memory of an image, and with nothing else: all of its state is memory, and what is set here. */
  static restore(image: Image): Guest {
    const guest = image.spare ?? new Guest(image.module)
    image.spare = null
    const js = guest.#js
    // a call that trapped has left them where the next instruction traps again
    js.__fuel.value = FUEL.trusted
    js.__depth.value = 0
    const missing = image.memory.length - js.memory.buffer.byteLength
    if (missing > 0) js.memory.grow(missing / PAGE_BYTES)
    new Uint8Array(js.memory.buffer).set(image.memory)
    js.qjs_set_runtime_and_context(image.runtime, image.context)
    js.__stack_pointer.value = image.stackPointer
    return guest
  }

  /** Lets the next call have this guest. Not if its memory has grown: a guest cannot give memory back. */
  release(image: Image): void {
    if (this.#js.memory.buffer.byteLength === image.memory.length) image.spare = this
  }

  /** Calls the bundle's function with an operation and its frame; the bytes that it returns. Throws Fault. */
  call(entry: Handle, operation: number, frame: Uint8Array): Uint8Array {
    const js = this.#js
    const argument = this.#bytesIn(frame)
    const result = this.#apply(entry, [js.qjs_new_number(operation), argument])
    if (js.qjs_is_job_pending() !== 0) throw new Fault('async', 'the call left a job behind')
    const bytes = this.#bytesOf(result)
    if (bytes.length > PROFILE.outputBytesMax) throw new Fault('overCap', `${bytes.length} bytes`)
    return bytes
  }

  /** Runs under a budget. Whatever is thrown becomes a Fault, and `used` says what was spent. */
  measure<T>(fuel: bigint, run: () => T): T {
    const js = this.#js
    js.__fuel.value = fuel
    js.__depth.value = 0
    try {
      return run()
    } catch (error) {
      if (error instanceof Fault) throw error
      throw new Fault(this.#faultOfTrap(), error instanceof Error ? error.message : String(error))
    } finally {
      this.used = fuel - js.__fuel.value
    }
  }

  /** A trap of the meter's is a verdict; any other failure is this machine's. */
  #faultOfTrap(): SandboxFault {
    const depth = this.#js.__depth.value
    if (this.#js.__fuel.value < 0n) return 'overBudget'
    if (depth === HOST_REFUSED_MEMORY) return 'hostMemory'
    if (depth > PROFILE.depthMax) return 'tooDeep'
    return 'hostStack'
  }

  #prelude(): void {
    const js = this.#js
    const [name, length] = this.#string(HOST_FUNCTION)
    const host = this.#checked(js.qjs_new_host_function(name, length, 0))
    this.#apply(this.#evaluate(PRELUDE, PRELUDE_FILE), [host])
  }

  #evaluate(source: string, file: string): Handle {
    const js = this.#js
    const [text, length] = this.#string(source)
    const [name] = this.#string(file)
    const result = js.qjs_eval(text, length, name, 0)
    js.wasm_free(text)
    js.wasm_free(name)
    return this.#checked(result)
  }

  #apply(callee: Handle, args: readonly Handle[]): Handle {
    const js = this.#js
    const list = this.#allocate(args.length * 4)
    const view = new DataView(js.memory.buffer)
    args.forEach((handle, i) => {
      view.setUint32(list + 4 * i, handle, true)
    })
    return this.#checked(js.qjs_call(callee, js.qjs_get_undefined(), args.length, list))
  }

  #checked(handle: Handle): Handle {
    if (this.#js.qjs_is_exception(handle) === 0) return handle
    const thrown = this.#js.qjs_get_exception()
    const isCatchable = this.#js.qjs_is_uncatchable_error(thrown) === 0
    throw new Fault(isCatchable ? 'threw' : 'outOfMemory', this.#textOf(thrown))
  }

  /** For logs. Reading a thrown value may run the guest's code: it gets its own fuel, and the verdict stands before. */
  #textOf(thrown: Handle): string {
    const js = this.#js
    const left = js.__fuel.value
    js.__fuel.value = FUEL.describe
    try {
      const [message] = this.#string('message')
      const text = js.qjs_is_error(thrown) === 0 ? thrown : js.qjs_get_prop_string(thrown, message)
      const length = this.#allocate(4)
      const at = js.qjs_get_string_len(text, length)
      if (at === 0) return 'unreadable'
      const bytes = new DataView(js.memory.buffer).getUint32(length, true)
      return decoder.decode(new Uint8Array(js.memory.buffer, at, bytes).slice())
    } catch {
      return 'unreadable'
    } finally {
      js.__fuel.value = left
    }
  }

  #keccak(args: number, count: number): Handle {
    if (count !== 1) throw new Fault('threw', 'keccak256 takes one argument')
    const js = this.#js
    const bytes = this.#bytesOf(new DataView(js.memory.buffer).getUint32(args, true))
    js.__fuel.value -= FUEL.keccak + FUEL.keccakByte * BigInt(bytes.length)
    if (js.__fuel.value < 0n) throw new Fault('overBudget', 'keccak256')
    return this.#bytesIn(fromHex(keccak(bytes)))
  }

  #string(text: string): [at: number, bytes: number] {
    const bytes = encoder.encode(text)
    const at = this.#allocate(bytes.length + 1)
    const memory = new Uint8Array(this.#js.memory.buffer)
    memory.set(bytes, at)
    memory[at + bytes.length] = 0
    return [at, bytes.length]
  }

  #allocate(bytes: number): number {
    const at = this.#js.wasm_malloc(Math.max(bytes, 1))
    if (at === 0) throw new Fault('outOfMemory', 'no memory for the call')
    return at
  }

  #bytesIn(bytes: Uint8Array): Handle {
    const js = this.#js
    const at = this.#allocate(bytes.length)
    new Uint8Array(js.memory.buffer).set(bytes, at)
    const handle = js.qjs_new_uint8_array(at, bytes.length)
    js.wasm_free(at)
    return this.#checked(handle)
  }

  /** Bytes of a Uint8Array, read from the engine's own structures: no code of the guest runs. */
  #bytesOf(handle: Handle): Uint8Array {
    const js = this.#js
    const out = this.#allocate(12)
    const buffer = js.qjs_get_typed_array_buffer(handle, out, out + 4, out + 8)
    if (js.qjs_is_exception(buffer) !== 0) throw new Fault('badOutput', 'not a Uint8Array')
    const field = (at: number): number => new DataView(js.memory.buffer).getUint32(at, true)
    const [offset, length, elementBytes] = [field(out), field(out + 4), field(out + 8)]
    const at = js.qjs_get_array_buffer(buffer, out)
    if (at === 0 && length > 0) throw new Fault('badOutput', 'the buffer is detached')
    const isInside = elementBytes === 1 && offset + length <= field(out)
    if (!isInside) throw new Fault('badOutput', 'not a Uint8Array')
    return new Uint8Array(js.memory.buffer, at + offset, length).slice()
  }
}
