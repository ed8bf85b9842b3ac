// Puts the functions of a module in the order of their signatures: those that are alike in what they take and give are alike in
// more, and both `gzip` and our packer have fewer bits for what is near.

import binaryen from "binaryen";

/** The same module, its functions in another order. */
export function bySignature(wasm) {
  const module = binaryen.readBinary(wasm);
  const features = module.getFeatures();
  const parts = module.emitText().split(/^(?= \(|\))/m);
  module.dispose();
  const functions = parts.filter(isFunction).sort((a, b) => (signature(a) < signature(b) ? -1 : signature(a) > signature(b) ? 1 : 0));
  const sorted = binaryen.parseText(parts.map((part) => (isFunction(part) ? functions.shift() : part)).join(""));
  sorted.setFeatures(features);
  const bytes = Buffer.from(sorted.emitBinary());
  sorted.dispose();
  return bytes;
}

function isFunction(part) {
  return part.startsWith(" (func ");
}

function signature(part) {
  return part.slice(0, part.indexOf("\n")).replace(/\$\S+ /g, "");
}
