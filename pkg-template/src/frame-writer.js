// Writes WebSocket frames (RFC 6455, section 5), masked as those of a client have to be. What is written to a socket in one turn of
// the event loop goes out together: handing bytes to the system costs more than all that is done here.

import { TEXT } from "./frame-reader.js";

const SLAB_BYTES = 65_536;
const MASKS = 2048;

export class FrameWriter {
  /** What frames are put into, as bytes and as words. Those from `start` to `end` wait for `socket`. */
  #slab = Buffer.alloc(0);
  #words;
  #start = 0;
  #end = 0;
  #socket = null;
  #masks = new Int32Array(MASKS);
  #usedMasks = MASKS;
  #randomFill;

  /** `randomFill`: fills an array with what nobody can guess. */
  constructor(randomFill) {
    this.#randomFill = randomFill;
  }

  writeText(socket, text) {
    const length = Buffer.byteLength(text);
    const at = this.#begin(socket, TEXT, length);
    this.#slab.write(text, at);
    this.#mask(at, at + length);
  }

  writeBytes(socket, opcode, bytes) {
    const at = this.#begin(socket, opcode, bytes.length);
    this.#slab.set(bytes, at);
    this.#mask(at, at + bytes.length);
  }

  /** What waits goes out. */
  flush = () => {
    const socket = this.#socket;
    if (socket === null) return;
    const bytes = this.#slab.subarray(this.#start, this.#end);
    this.#start = this.#end;
    this.#socket = null;
    socket.write(bytes);
  };

  /** Makes room, and writes a header. Gives where the payload belongs. */
  #begin(socket, opcode, length) {
    const header = length < 126 ? 6 : length < 65_536 ? 8 : 14;
    this.#reserve(socket, header + length);
    const slab = this.#slab;
    const at = this.#end;
    slab[at] = 0x80 | opcode;
    if (header === 6) slab[at + 1] = 0x80 | length;
    else if (header === 8) {
      slab[at + 1] = 0x80 | 126;
      slab.writeUInt16BE(length, at + 2);
    } else {
      slab[at + 1] = 0x80 | 127;
      slab.writeUInt32BE(0, at + 2);
      slab.writeUInt32BE(length, at + 6);
    }
    this.#end += header + length;
    return at + header;
  }

  #reserve(socket, size) {
    const isFull = this.#end + size > this.#slab.length;
    if (isFull || this.#socket !== socket) this.flush();
    if (isFull) {
      const words = Math.ceil(Math.max(size, SLAB_BYTES) / 4);
      this.#slab = Buffer.allocUnsafeSlow(words * 4);
      this.#words = new Int32Array(this.#slab.buffer, 0, words);
      this.#start = this.#end = 0;
    }
    if (this.#socket !== null) return;
    this.#socket = socket;
    process.nextTick(this.flush);
  }

  /** Masks a payload, of which most is done word by word, and puts the mask before it. */
  #mask(from, to) {
    const slab = this.#slab;
    const words = this.#words;
    let mask = this.#nextMask();
    slab.writeInt32LE(mask, from - 4);
    let at = from;
    for (; at < to && at & 3; at++, mask = rotated(mask)) slab[at] ^= mask;
    for (; at + 4 <= to; at += 4) words[at >> 2] ^= mask;
    for (; at < to; at++, mask = rotated(mask)) slab[at] ^= mask;
  }

  #nextMask() {
    if (this.#usedMasks === MASKS) {
      this.#randomFill(this.#masks);
      this.#usedMasks = 0;
    }
    return this.#masks[this.#usedMasks++];
  }
}

function rotated(mask) {
  return (mask >>> 8) | (mask << 24);
}
