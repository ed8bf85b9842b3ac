// TextDecoder and TextEncoder for the bindings. Jest's jsdom has none; there the oldest way to UTF-8 does.

class OldDecoder {
  decode(bytes) {
    let text = "";
    for (const byte of bytes ?? []) text += String.fromCharCode(byte);
    return decodeURIComponent(escape(text));
  }
}

class OldEncoder {
  encode(text) {
    // Half of a pair has no UTF-8.
    const bytes = unescape(encodeURIComponent(text.replace(/\p{Surrogate}/gu, "\ufffd")));
    return Uint8Array.from(bytes, (byte) => byte.charCodeAt(0));
  }

  encodeInto(text, into) {
    const bytes = this.encode(text);
    into.set(bytes);
    return { read: text.length, written: bytes.length };
  }
}

const Decoder = globalThis.TextDecoder ?? OldDecoder;
const Encoder = globalThis.TextEncoder ?? OldEncoder;
export { Decoder as TextDecoder, Encoder as TextEncoder };
