// Takes a stream of bytes apart into WebSocket frames (RFC 6455, section 5), and puts messages of several frames together.

export const CONTINUATION = 0;
export const TEXT = 1;
export const BINARY = 2;
export const CLOSE = 8;
export const PING = 9;
export const PONG = 10;

const PROTOCOL_ERROR = 1002;
const NO_UTF8 = 1007;
const TOO_BIG = 1009;

/** No text of a mebibyte of characters has more bytes. */
const MAX_BYTES = 3 * 1_048_576;
/** In one message. */
const MAX_FRAGMENTS = 16_384;
const MAX_CONTROL_BYTES = 125;

export class FrameReader {
  #sink;
  /** A frame that has not arrived to its end: room for as much as it is known to need, and how much of that is there. */
  #partial = null;
  #filled = 0;
  /** A message that has not arrived to its last frame. */
  #message = null;

  /** `sink`: takes `text(text)`, `frame(opcode, bytes)` for all else, and `broken(code)`. `false` from these ends the reading. */
  constructor(sink) {
    this.#sink = sink;
  }

  read(chunk) {
    let at = 0;
    while (at < chunk.length) {
      const taken = this.#partial ? this.#fill(chunk, at) : this.#take(chunk, at);
      if (taken === 0) return;
      at += taken;
    }
  }

  /** Gives how many bytes it took; 0 if nothing more is to be read. */
  #take(chunk, at) {
    const there = chunk.length - at;
    const size = needed(chunk, at, there);
    if (size <= there) return this.#frame(chunk, at, size) ? size : 0;
    return this.#expect(size, chunk, at, there) ? there : 0;
  }

  #fill(chunk, at) {
    const partial = this.#partial;
    const taken = chunk.copy(partial, this.#filled, at);
    this.#filled += taken;
    if (this.#filled < partial.length) return taken;
    const size = needed(partial, 0, partial.length);
    if (size > partial.length) return this.#expect(size, partial, 0, partial.length) ? taken : 0;
    this.#partial = null;
    return this.#frame(partial, 0, size) ? taken : 0;
  }

  #expect(size, bytes, at, there) {
    if (there > 1 && !isRight(bytes[at], bytes[at + 1])) return this.#sink.broken(PROTOCOL_ERROR);
    if (size > MAX_BYTES) return this.#sink.broken(TOO_BIG);
    this.#partial = Buffer.allocUnsafeSlow(size);
    this.#filled = bytes.copy(this.#partial, 0, at, at + there);
    return true;
  }

  #frame(bytes, at, size) {
    const first = bytes[at];
    const code = bytes[at + 1];
    if (!isRight(first, code)) return this.#sink.broken(PROTOCOL_ERROR);
    const from = at + headerSize(code);
    const to = at + size;
    // Most of all.
    if (first === (0x80 | TEXT) && this.#message === null) return this.#text(bytes, from, to);
    const opcode = first & 0x7f;
    const payload = bytes.subarray(from, to);
    return opcode > BINARY ? this.#sink.frame(opcode, payload) : this.#part(first >= 0x80, opcode, payload);
  }

  #text(bytes, from, to) {
    const text = decode(bytes, from, to);
    return text === null ? this.#sink.broken(NO_UTF8) : this.#sink.text(text);
  }

  #part(isLast, opcode, payload) {
    if ((opcode === CONTINUATION) !== (this.#message !== null)) return this.#sink.broken(PROTOCOL_ERROR);
    const message = (this.#message ??= { opcode, parts: [], size: 0 });
    message.parts.push(payload);
    message.size += payload.length;
    if (message.size > MAX_BYTES || message.parts.length > MAX_FRAGMENTS) return this.#sink.broken(TOO_BIG);
    if (!isLast) return true;
    this.#message = null;
    const bytes = Buffer.concat(message.parts);
    return message.opcode === TEXT ? this.#text(bytes, 0, bytes.length) : this.#sink.frame(BINARY, bytes);
  }
}

/** Whether a frame may begin like that: servers do not mask, and no extension is agreed on. */
function isRight(first, code) {
  const opcode = first & 0x7f;
  const isControl = first >= 0x80 && opcode >= CLOSE && opcode <= PONG && code <= MAX_CONTROL_BYTES;
  return code < 0x80 && (opcode <= BINARY || isControl);
}

/** How many bytes the frame has; or, where those at hand do not say it, how many say more. */
function needed(bytes, at, there) {
  if (there < 2) return 2;
  const code = bytes[at + 1];
  const header = headerSize(code);
  if (header === 2) return 2 + code;
  if (there < header) return header;
  return header + (header === 4 ? bytes.readUInt16BE(at + 2) : bytes.readUInt32BE(at + 2) * 2 ** 32 + bytes.readUInt32BE(at + 6));
}

function headerSize(code) {
  return code < 126 ? 2 : code === 126 ? 4 : 10;
}

/** The text, or null if the bytes are no UTF-8. */
export function decode(bytes, from, to) {
  const text = bytes.toString("utf8", from, to);
  // What is no UTF-8 becomes U+FFFD, which may be meant as well.
  return !text.includes("\ufffd") || Buffer.from(text).equals(bytes.subarray(from, to)) ? text : null;
}
