// Puts the functions of a module in the order of their signatures, the frequent ones last, and the small before the large: those that
// are alike in what they take and give are alike in more, and both `gzip` and our packer have fewer bits for what is near.

import binaryen from "binaryen";

/** The same module, its functions in another order. */
export function bySignature(wasm) {
  const module = binaryen.readBinary(wasm);
  const features = module.getFeatures();
  const parts = module.emitText().split(/^(?= \(|\))/m);
  module.dispose();
  const functions = inOrder(parts.filter(isFunction));
  const sorted = binaryen.parseText(parts.map((part) => (isFunction(part) ? functions.shift() : part)).join(""));
  sorted.setFeatures(features);
  const bytes = Buffer.from(sorted.emitBinary());
  sorted.dispose();
  return bytes;
}

function isFunction(part) {
  return part.startsWith(" (func ");
}

function inOrder(functions) {
  const groups = {};
  for (const text of functions) (groups[signature(text)] ??= []).push(text);
  const lines = (text) => text.split("\n").length;
  const rareFirst = Object.entries(groups).sort(([a, as], [b, bs]) => as.length - bs.length || (a < b ? -1 : 1));
  return rareFirst.flatMap(([, alike]) => alike.sort((a, b) => lines(a) - lines(b)));
}

function signature(text) {
  return text.slice(0, text.indexOf("\n")).replace(/\$\S+ /g, "");
}
