/** The part of the WebAssembly JavaScript API (W3C) that the sandbox uses: synchronous, the same in Node and browsers. */
declare namespace WebAssembly {
  interface Module {
    readonly [Symbol.toStringTag]: string
  }
  const Module: new (bytes: Uint8Array) => Module
  interface Instance {
    readonly exports: Readonly<Record<string, unknown>>
  }
  const Instance: new (module: Module, imports: Imports) => Instance
  interface Memory {
    readonly buffer: ArrayBuffer
    grow(pages: number): number
  }
  type Imports = Readonly<Record<string, Readonly<Record<string, (...args: never[]) => unknown>>>>
}
