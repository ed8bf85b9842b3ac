// Walks through the core's code and says of each byte what it is: an instruction, the number of a local, a constant, … The inlined
// core has each kind in a column of its own, which compresses a tenth better, since like stands by like.

/** The columns, in the order in which they are inlined. */
const REST = 0;
const LABEL = 1;
const LOCAL = 2;
const CONSTANT = 3;
const OFFSET = 4;
const BLOCK = 5;
export const COLUMNS = 6;

/** How many numbers follow the instructions that begin with 0xFC. */
const MORE = [0, 0, 0, 0, 0, 0, 0, 0, 2, 1, 2, 1, 2, 1, 2, 1, 1, 1];

/** `next(column)` gives the next byte, which is of that column. `head` and `tail`: how many bytes come before and after the code. */
export function walk(next, head, tail) {
  let at = 0;
  const take = (column) => {
    at++;
    return next(column);
  };
  const number = (column) => {
    for (let value = 0, shift = 0; ; shift += 7) {
      const byte = take(column);
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  const bytes = (count) => {
    for (; count > 0; count--) take(REST);
  };

  bytes(head);
  for (let functions = number(REST); functions > 0; functions--) {
    const size = number(CONSTANT);
    const end = at + size;
    for (let locals = number(REST); locals > 0; locals--) {
      number(REST);
      take(REST);
    }
    while (at < end) {
      const op = take(REST);
      if (op >= 0x20 && op <= 0x22) number(LOCAL);
      else if (op >= 0x28 && op <= 0x3e) {
        number(REST);
        number(OFFSET);
      } else if (op === 0x41 || op === 0x42) number(CONSTANT);
      else if (op >= 0x02 && op <= 0x04) number(BLOCK);
      else if (op === 0x0c || op === 0x0d) number(LABEL);
      else if (op === 0x0e) for (let labels = number(LABEL); labels >= 0; labels--) number(LABEL);
      else if (op === 0x43 || op === 0x44) bytes(op === 0x43 ? 4 : 8);
      else if (op === 0xfc) for (let numbers = MORE[number(REST)]; numbers > 0; numbers--) number(REST);
      else if (op === 0x1c) bytes(number(REST));
      else if (op === 0x11) {
        number(REST);
        number(REST);
      } else if (op === 0x10 || (op >= 0x23 && op <= 0x26) || op === 0x3f || op === 0x40 || op === 0xd0 || op === 0xd2) number(REST);
    }
  }
  bytes(tail);
}

/** Puts the columns, one after the other, together again. `starts`: where each begins. */
export function fromColumns(columns, starts, head, tail) {
  const bytes = new Uint8Array(columns.length);
  let at = 0;
  walk((column) => (bytes[at++] = columns[starts[column]++]), head, tail);
  return bytes;
}
