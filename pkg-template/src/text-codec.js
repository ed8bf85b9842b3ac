// `TextDecoder` and `TextEncoder` for where they are missing, which is in Jest's jsdom: as much of them as the bindings use.
// esbuild puts these names in the place of the globals, so that nobody else sees them.

const { TextDecoder: RealDecoder, TextEncoder: RealEncoder } = globalThis;

class PlainDecoder {
  decode(bytes = []) {
    let text = "";
    for (const byte of bytes) text += `%${byte < 16 ? "0" : ""}${byte.toString(16)}`;
    return decodeURIComponent(text);
  }
}

class PlainEncoder {
  encode(text) {
    // Half a pair has no UTF-8; the real one says U+FFFD as well.
    const bytes = encodeURIComponent(text.replace(/\p{Surrogate}/gu, "\ufffd")).match(/%..|[^%]/g) ?? [];
    return Uint8Array.from(bytes, (byte) => (byte[0] === "%" ? parseInt(byte.slice(1), 16) : byte.charCodeAt(0)));
  }
}

export const TextDecoder = RealDecoder ?? PlainDecoder;
export const TextEncoder = RealEncoder ?? PlainEncoder;
