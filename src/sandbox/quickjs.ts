/** Address of a value in the engine's memory. */
export type Handle = number

/** The exports of quickjs-wasi's module that the host uses, and the globals of the meter. */
export interface QuickJs {
  readonly memory: WebAssembly.Memory
  readonly __fuel: { value: bigint }
  readonly __depth: { value: number }
  readonly __stack_pointer: { value: number }
  _initialize(): void
  wasm_malloc(bytes: number): number
  wasm_free(at: number): void
  qjs_init2(intrinsics: number): number
  qjs_set_memory_limit(bytes: number): void
  qjs_set_max_stack_size(bytes: number): void
  qjs_get_runtime_ptr(): number
  qjs_get_context_ptr(): number
  qjs_set_runtime_and_context(runtime: number, context: number): void
  qjs_eval(source: number, bytes: number, file: number, flags: number): Handle
  qjs_call(callee: Handle, self: Handle, count: number, args: number): Handle
  qjs_new_host_function(name: number, bytes: number, isConstructor: number): Handle
  qjs_new_number(value: number): Handle
  qjs_new_uint8_array(at: number, bytes: number): Handle
  qjs_get_undefined(): Handle
  qjs_get_exception(): Handle
  qjs_get_prop_string(object: Handle, name: number): Handle
  qjs_get_string_len(value: Handle, length: number): number
  /** Writes offset, length and element size of a typed array; its buffer. */
  qjs_get_typed_array_buffer(array: Handle, offset: number, length: number, elementBytes: number): Handle
  /** Writes the buffer's length; where its bytes are, 0 if it is detached. */
  qjs_get_array_buffer(buffer: Handle, length: number): number
  qjs_is_exception(value: Handle): number
  qjs_is_uncatchable_error(value: Handle): number
  qjs_is_error(value: Handle): number
  qjs_is_function(value: Handle): number
  qjs_is_job_pending(): number
}

/** Answers of WASI calls: the guest has no files. */
const BAD_FILE = 8
const NOT_SUPPORTED = 52

export interface HostImports {
  readonly imports: WebAssembly.Imports
  /** Must be called before the engine runs. */
  attach(js: QuickJs): void
}

/**
 * All that the engine can reach: clock and dice that answer 0, no files, no modules, and one function.
 *
 * @param hostCall address and number of the arguments; the result's handle
 */
export function hostImports(hostCall: (args: number, count: number) => Handle): HostImports {
  let js: QuickJs | null = null
  const memory = (): ArrayBuffer => {
    if (js === null) throw new Error('the engine runs before its imports are attached')
    return js.memory.buffer
  }
  const denied = (): never => {
    throw new Error('the guest reached for what it was not given')
  }
  return {
    attach: (exports) => {
      js = exports
    },
    imports: {
      env: {
        host_call: (_name: number, _bytes: number, _self: number, count: number, args: number) =>
          hostCall(args, count),
        host_get_timezone_offset: () => 0,
        host_interrupt: () => 0,
        host_promise_rejection: denied,
        host_module_normalize: denied,
        host_module_load: denied,
      },
      wasi_snapshot_preview1: {
        clock_time_get: (_clock: number, _precision: bigint, at: number) => {
          new DataView(memory()).setBigUint64(at, 0n, true)
          return 0
        },
        random_get: (at: number, bytes: number) => {
          new Uint8Array(memory(), at, bytes).fill(0)
          return 0
        },
        fd_close: () => NOT_SUPPORTED,
        fd_fdstat_get: () => BAD_FILE,
        fd_seek: () => NOT_SUPPORTED,
        fd_write: () => BAD_FILE,
      },
    },
  }
}
