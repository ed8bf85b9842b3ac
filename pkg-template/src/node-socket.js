// A WebSocket for Node, as much of one as `sockets.js` uses. A process may have thousands: what `ws` keeps for each is three times
// as large, and it writes each frame by itself.

import { BINARY, CLOSE, decode, FrameReader, PING, PONG } from "./frame-reader.js";
import { FrameWriter } from "./frame-writer.js";
import { shakeHands } from "./handshake.js";

const CONNECTING = 0;
const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;

const PROTOCOL_ERROR = 1002;
const NO_CODE = 1005;
const NO_CLOSE = 1006;
const NO_UTF8 = 1007;
const MAX_REASON_BYTES = 123;
/** A peer that asks for more pongs than it takes is given up. */
const MAX_WAITING_BYTES = 1_048_576;

const OWNER = Symbol("owner");

/** The class, made with `http`, `https` and `crypto` of Node. */
export function makeNodeSocket(modules) {
  const writer = new FrameWriter(modules.crypto.randomFillSync);
  // A process that ends itself in the same turn has sent what it has sent.
  process.on("exit", writer.flush);

  return class NodeSocket {
    readyState = CONNECTING;
    /** What is told by `open`, `message` and `close`. There is no `error`: the close that follows it says as much. */
    heardBy = null;
    /** What shakes hands, then the connection. */
    #socket;
    #reader = null;

    constructor(address) {
      const opened = (socket, head) => this.#opened(socket, head);
      const failed = () => this.#ended(NO_CLOSE, "");
      this.#socket = shakeHands(modules, address, opened, failed);
    }

    removeEventListener() {
      this.heardBy = null;
    }

    /** What is binary is refused, whatever it is. */
    set binaryType(_type) {}

    send(text) {
      writer.writeText(this.#socket, text);
    }

    close(code, reason = "") {
      const bytes = closing(code, reason);
      if (this.readyState === CONNECTING) this.terminate();
      else if (this.readyState === OPEN) this.#sayClose(bytes);
    }

    /** Waits for nobody. */
    terminate() {
      if (this.readyState === CLOSED) return;
      this.readyState = CLOSING;
      writer.flush();
      this.#socket.destroy();
    }

    // ---- the connection ----

    /** Shared by all: a thousand clients have no listeners of their own. */
    static #listeners = {
      data(chunk) {
        this[OWNER].#reader.read(chunk);
      },
      // Without a close frame.
      end() {
        this.destroy();
      },
      close() {
        this[OWNER].#ended(NO_CLOSE, "");
      },
      error() {},
    };

    #opened(socket, head) {
      this.#socket = socket;
      this.#reader = new FrameReader(this);
      socket[OWNER] = this;
      socket.setTimeout(0);
      socket.setNoDelay(true);
      if (head.length > 0) socket.unshift(head);
      const listeners = NodeSocket.#listeners;
      for (const event in listeners) socket.on(event, listeners[event]);
      this.readyState = OPEN;
      this.heardBy?.open();
    }

    #sayClose(bytes) {
      this.readyState = CLOSING;
      writer.writeBytes(this.#socket, CLOSE, bytes);
      writer.flush();
    }

    #ended(code, reason) {
      if (this.readyState === CLOSED) return;
      this.readyState = CLOSED;
      this.heardBy?.close({ code, reason });
    }

    // ---- what the reader finds; `false` ends the reading ----

    text(data) {
      this.heardBy?.message({ data });
      return this.readyState !== CLOSED;
    }

    frame(opcode, data) {
      if (opcode === CLOSE) return this.#closedByPeer(data);
      if (opcode === BINARY) this.heardBy?.message({ data });
      else if (opcode === PING) this.#pong(data);
      return this.readyState !== CLOSED;
    }

    broken(code) {
      if (this.readyState === OPEN) this.#sayClose(closing(code, ""));
      this.#socket.destroy();
      this.#ended(NO_CLOSE, "");
      return false;
    }

    #pong(data) {
      if (this.readyState !== OPEN) return;
      if (this.#socket.writableLength > MAX_WAITING_BYTES) this.terminate();
      else writer.writeBytes(this.#socket, PONG, data);
    }

    #closedByPeer(bytes) {
      const code = bytes.length > 1 ? bytes.readUInt16BE(0) : NO_CODE;
      if (bytes.length > 0 && !isCode(code)) return this.broken(PROTOCOL_ERROR);
      const reason = decode(bytes, 2, bytes.length);
      if (reason === null) return this.broken(NO_UTF8);
      if (this.readyState === OPEN) this.#sayClose(bytes);
      // Where it does not take the answer, nothing waits for it.
      this.#socket.unref();
      this.#socket.destroySoon();
      this.#ended(code, reason);
      return false;
    }
  };
}

/** The payload of a close frame. */
function closing(code, reason) {
  if (code === undefined) return Buffer.alloc(0);
  const text = Buffer.from(reason);
  if (!isCode(code)) throw new RangeError("no code to close with");
  if (text.length > MAX_REASON_BYTES) throw new RangeError("the reason is too long");
  return Buffer.concat([Buffer.from([code >> 8, code & 255]), text]);
}

/** Whether a close frame may have that code (RFC 6455, section 7.4, and what is registered since). */
function isCode(code) {
  return (code >= 1000 && code <= 1014 && code !== 1004 && code !== NO_CODE && code !== NO_CLOSE) || (code >= 3000 && code <= 4999);
}
