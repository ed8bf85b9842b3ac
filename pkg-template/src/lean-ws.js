// `ws` with a shorter way to its listeners: for each message it would build an event with getters, where a plain object does.

const HANDLERS = {
  open: (listener) => () => listener({}),
  message: (listener) => (data, isBinary) => listener({ data: isBinary ? data : data.toString() }),
  close: (listener) => (code, reason) => listener({ code, reason: reason.toString() }),
  error: (listener) => () => listener({}),
};

/** No text of a mebibyte of characters has more bytes. `ws` itself would take 100 MiB into memory before anybody sees them. */
const MAX_BYTES = 3 * 1_048_576;

let made = null;

/**
 * What is exported by `ws` made into a class with its own `addEventListener` and `removeEventListener`, for the four events of a
 * WebSocket. Throws where `ws` is there but cannot send.
 */
export function lean(ws) {
  const WebSocket = ws.WebSocket ?? ws.default ?? ws;
  assertItSends(ws.Sender ?? WebSocket.Sender);
  made ??= class extends WebSocket {
    constructor(address) {
      super(address, { maxPayload: MAX_BYTES });
      // Else it waits for the peer to close, half a minute.
      this.on("error", () => this.terminate());
    }

    addEventListener(type, listener) {
      const handler = HANDLERS[type](listener);
      handler.of = listener;
      this.on(type, handler);
    }

    removeEventListener(type, listener) {
      for (const handler of this.listeners(type)) if (handler.of === listener) this.off(type, handler);
    }
  };
  return made;
}

/** Next's webpack puts an empty module in the place of bufferutil, which is optional to `ws`: then all longer frames fail. */
function assertItSends(Sender) {
  Sender?.frame(new Uint8Array(64), { mask: true, fin: true, opcode: 1, rsv1: false, readOnly: true });
}
