// Takes the core's code apart into columns; see src/columns.js.

import { COLUMNS, fromColumns, walk } from "./src/columns.js";

const CODE = 10;

/** The bytes in columns, and the arguments that `fromColumns` needs besides them. */
export function toColumns(wasm) {
  const { head, tail } = findCode(wasm);
  const columns = Array.from({ length: COLUMNS }, () => []);
  let at = 0;
  const take = (column) => {
    columns[column].push(wasm[at]);
    return wasm[at++];
  };
  walk(take, head, tail);
  const bytes = Uint8Array.from(columns.flat());
  let start = 0;
  const starts = columns.map(({ length }) => (start += length) - length);
  const again = fromColumns(bytes, [...starts], head, tail);
  if (!wasm.every((byte, i) => byte === again[i])) throw new Error("the columns do not give the core again; is there a new instruction?");
  return { bytes, starts, head, tail };
}

/** How many bytes come before the first function, its count aside, and after the last. */
function findCode(wasm) {
  let at = 8;
  const number = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = wasm[at++];
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < wasm.length) {
    const id = wasm[at++];
    const size = number();
    if (id === CODE) return { head: at, tail: wasm.length - at - size };
    at += size;
  }
  throw new Error("the core has no code");
}
