// The core, in files for browsers: two digits for each byte.

import text from "#text";

export function bytes() {
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = (digit(2 * i) << 4) | digit(2 * i + 1);
  return bytes;
}

/** `0` to `9` are 48 to 57, `a` to `f` are 97 to 102. */
function digit(at) {
  const code = text.charCodeAt(at);
  return (code & 15) + 9 * (code >> 6);
}
