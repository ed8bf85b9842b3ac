// Looks into a wasm file: its sections, and which crate and module each byte of code belongs to.

const MAGIC_AND_VERSION = 8;
const NAMES = ["custom", "type", "import", "function", "table", "memory", "global", "export", "start", "element", "code", "data", "data count"];
const IMPORT = 2;
const CODE = 10;
const FUNCTION_NAMES = 1;
const OWN_CRATE = "metered_realtime";

/** Sections in the order of the file: id, name and content. */
export function sections(file) {
  const reader = new Reader(file, MAGIC_AND_VERSION);
  const found = [];
  while (!reader.atEnd()) {
    const id = reader.byte();
    const bytes = reader.take(reader.number());
    const custom = id === 0 ? new Reader(bytes) : undefined;
    found.push({ id, name: custom ? `custom: ${custom.text()}` : NAMES[id], bytes, custom });
  }
  return found;
}

/** Bytes of code by crate, and within our own crate by module; the largest first. Needs the names of functions. */
export function codeByModule(file) {
  const all = sections(file);
  const names = functionNames(all.find(({ name }) => name === "custom: name")?.custom);
  let index = importedFunctions(all.find(({ id }) => id === IMPORT)?.bytes);
  const sizes = new Map();
  const reader = new Reader(all.find(({ id }) => id === CODE).bytes);
  for (let left = reader.number(); left > 0; left -= 1) {
    const { length } = reader.take(reader.number());
    const module = moduleOf(names.get(index) ?? "");
    sizes.set(module, (sizes.get(module) ?? 0) + length);
    index += 1;
  }
  return [...sizes].map(([name, size]) => ({ name, size })).sort((a, b) => b.size - a.size);
}

/** `<alloc::vec::Vec<T> as Drop>::drop` belongs to alloc, `metered_realtime::wire::x::y` to metered_realtime::wire. */
function moduleOf(name) {
  const plain = name.replace(/\[[0-9a-f]{16}\]/g, "");
  const path = /^[<&*[( ]*(?:(?:mut|dyn|const) )*((?:\w+::)+)/.exec(plain)?.[1];
  // `<u32 as core::fmt::Display>::fmt`
  if (!path) return plain.startsWith("<") ? "core" : "exports and shims";
  const [crate, module, rest] = path.split("::");
  return crate === OWN_CRATE && module && rest !== undefined ? `${crate}::${module}` : crate;
}

function functionNames(custom) {
  const names = new Map();
  while (custom && !custom.atEnd()) {
    const id = custom.byte();
    const part = new Reader(custom.take(custom.number()));
    if (id !== FUNCTION_NAMES) continue;
    for (let left = part.number(); left > 0; left -= 1) names.set(part.number(), part.text());
  }
  return names;
}

/** Imports come first in the numbering of functions. */
function importedFunctions(bytes) {
  if (!bytes) return 0;
  const reader = new Reader(bytes);
  let functions = 0;
  for (let left = reader.number(); left > 0; left -= 1) {
    reader.text();
    reader.text();
    const kind = reader.byte();
    if (kind === 0) {
      functions += 1;
      reader.number();
    } else if (kind === 3) {
      reader.take(2);
    } else {
      // A table has a type in front of its limits; limits have a maximum if their flag says so.
      if (kind === 1) reader.byte();
      const hasMaximum = (reader.byte() & 1) === 1;
      reader.number();
      if (hasMaximum) reader.number();
    }
  }
  return functions;
}

class Reader {
  #bytes;
  #at;

  constructor(bytes, at = 0) {
    this.#bytes = bytes;
    this.#at = at;
  }

  atEnd() {
    return this.#at >= this.#bytes.length;
  }

  byte() {
    return this.#bytes[this.#at++];
  }

  /** LEB128, unsigned. */
  number() {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = this.byte();
      value += (byte & 127) * shift;
      if (byte < 128) return value;
    }
  }

  take(length) {
    const taken = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return taken;
  }

  text() {
    return new TextDecoder().decode(this.take(this.number()));
  }
}
