// Packs the core for the files that carry it within: a small wasm module that unpacks, and what it unpacks; see ../packing.

import binaryen from "binaryen";
import { withoutData } from "./data.mjs";

/** The module `src` of a file that exports `bytes()`, which gives the core. `packing`: the wasm of ../packing; `optimise`: wasm-opt. */
export function packedModule(core, packing, optimise) {
  const unpacker = optimise(unpackerOf(packing));
  const { packed, head, tail, input, output } = pack(core, packing);
  // As hexadecimal, code still compresses; what is packed does not anyway.
  const source = `const unpacker = "${unpacker.toString("hex")}";
const packed = "${Buffer.from(packed).toString("base64")}";
function bytes() {
  const module = new WebAssembly.Module(Uint8Array.from(unpacker.match(/../g), (digits) => parseInt(digits, 16)));
  const { memory, unpacked } = new WebAssembly.Instance(module).exports;
  new Uint8Array(memory.buffer).set(Uint8Array.from(atob(packed), (c) => c.charCodeAt(0)), ${input});
  return new Uint8Array(memory.buffer, ${output}, unpacked(${head}, ${tail}));
}`;
  if (!Buffer.from(new Function(`${source}\nreturn bytes()`)()).equals(core)) throw new Error("unpacking does not give the core again");
  return `${source}\nexport { bytes };`;
}

function pack(core, packing) {
  const { memory, input, output, packed } = new WebAssembly.Instance(new WebAssembly.Module(packing)).exports;
  new Uint8Array(memory.buffer).set(core, input());
  const [length, head, tail] = new Uint32Array(memory.buffer, packed(core.length), 3);
  if (length === 0) throw new Error("the core cannot be packed; has it an instruction that ../packing does not know?");
  return { packed: new Uint8Array(memory.buffer, output(), length), head, tail, input: input(), output: output() };
}

/** The half that ships. It has no constants in memory: those were texts of panics, in the other half. */
function unpackerOf(packing) {
  const module = binaryen.readBinary(packing);
  for (const name of ["packed", "input", "output"]) module.removeExport(name);
  const bytes = withoutData(module.emitBinary());
  module.dispose();
  return bytes;
}
