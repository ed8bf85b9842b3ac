// The core, in files for Node.

import text from "#text";

export function bytes() {
  return Buffer.from(text, "base64");
}
