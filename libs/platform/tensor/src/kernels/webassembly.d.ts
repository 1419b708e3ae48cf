/** What is used of the WebAssembly interface; TypeScript declares it for browsers only. */
declare namespace WebAssembly {
  class Memory {
    readonly buffer: SharedArrayBuffer;
    constructor(descriptor: { initial: number; maximum: number; shared: true });
    grow(pages: number): number;
  }
  class Module {
    constructor(binary: Uint8Array);
  }
  class Instance {
    readonly exports: object;
    constructor(module: Module, imports: object);
  }
  function validate(binary: Uint8Array): boolean;
}
