// The instance of the core, and how texts cross between it and JavaScript. The build puts this in the place of wasm-bindgen's own helpers,
// so the names are theirs.
//
// Texts that cross are short and few. So there is no TextDecoder, which not every runtime has (Jest's jsdom), but the oldest way to UTF-8.

export let wasm;
export let WASM_VECTOR_LEN = 0;

export function use(instance) {
  wasm = instance.exports;
  wasm.__wbindgen_start();
}

export function getStringFromWasm0(start, length) {
  let bytes = "";
  for (const byte of new Uint8Array(wasm.memory.buffer, start >>> 0, length)) bytes += String.fromCharCode(byte);
  return decodeURIComponent(escape(bytes));
}

export function passStringToWasm0(text, malloc) {
  // Half a pair has no UTF-8.
  const bytes = unescape(encodeURIComponent(text.replace(/\p{Surrogate}/gu, "\ufffd")));
  WASM_VECTOR_LEN = bytes.length;
  const start = malloc(WASM_VECTOR_LEN, 1) >>> 0;
  const memory = new Uint8Array(wasm.memory.buffer, start);
  for (let i = 0; i < WASM_VECTOR_LEN; i++) memory[i] = bytes.charCodeAt(i);
  return start;
}

export function getDataViewMemory0() {
  return new DataView(wasm.memory.buffer);
}

export function isLikeNone(value) {
  return value === undefined || value === null;
}
