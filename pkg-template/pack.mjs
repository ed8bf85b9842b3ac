// Packs the core for the files that carry it within: a small wasm module that unpacks, and what it unpacks; see ../packing.

import binaryen from "binaryen";
import { withoutData } from "./data.mjs";

/** The unpacker's bytes are so many characters, from `#` on, without `\` and `"`; what is above has one `~` before it for each time. */
const [FIRST, COUNT] = [35, 91];
/** So that the frequent bytes need no `~`. */
const SHIFT = 4;

/** The module `src` of a file that exports `bytes()`, which gives the core. `packing`: the wasm of ../packing; `optimise`: wasm-opt. */
export function packedModule(core, packing, optimise) {
  const { packed, sections, input, output } = pack(core, packing);
  const unpacker = optimise(unpackerOf(packing));
  // As text, code still compresses; what is packed does not anyway.
  const source = `const unpacker = "${textOf(unpacker)}";
const packed = "${Buffer.from(packed).toString("base64")}";
function bytes() {
  const module = new WebAssembly.Module(Uint8Array.from(unpacker.match(/~*./g), (c) => c.charCodeAt(c.length - 1) + ${COUNT} * c.length - ${FIRST + COUNT + SHIFT}));
  const { memory, unpacked } = new WebAssembly.Instance(module).exports;
  new Uint8Array(memory.buffer).set(Uint8Array.from(atob(packed), (c) => c.charCodeAt(0)), ${input});
  return new Uint8Array(memory.buffer, ${output}, unpacked(${sections}));
}`;
  if (!Buffer.from(new Function(`${source}\nreturn bytes()`)()).equals(core)) throw new Error("unpacking does not give the core again");
  return `${source}\nexport { bytes };`;
}

function textOf(bytes) {
  return Array.from(bytes, (byte) => {
    const number = (byte + SHIFT) % 256;
    // Bytes are modulo 256, so there is another way for what would be a `\`.
    const other = FIRST + (number % COUNT) === 92 ? number + 256 : number;
    return "~".repeat(other / COUNT) + String.fromCharCode(FIRST + (other % COUNT));
  }).join("");
}

function pack(core, packing) {
  const { memory, file, places, packed } = new WebAssembly.Instance(new WebAssembly.Module(packing)).exports;
  new Uint8Array(memory.buffer).set(core, file());
  const [at, length, sections] = new Uint32Array(memory.buffer, packed(core.length), 3);
  if (length === 0) throw new Error("the core cannot be packed; has it an instruction that ../packing does not know?");
  const [input, output] = new Uint32Array(memory.buffer, places(), 2);
  return { packed: new Uint8Array(memory.buffer, at, length), sections, input, output };
}

/** The half that ships. It has no constants in memory: those were texts of panics, in the other half. */
function unpackerOf(packing) {
  const module = binaryen.readBinary(packing);
  for (const name of ["packed", "file", "places"]) module.removeExport(name);
  const bytes = withoutData(module.emitBinary());
  module.dispose();
  return bytes;
}
