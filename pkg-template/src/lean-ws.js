// `ws` with a shorter way to its listeners: for each message it would build an event with getters, where a plain object does.

const HANDLERS = {
  open: (listener) => () => listener({}),
  message: (listener) => (data, isBinary) => listener({ data: isBinary ? data : data.toString() }),
  close: (listener) => (code, reason) => listener({ code, reason: reason.toString() }),
  error: (listener) => () => listener({}),
};

let made = null;

/** The class with its own `addEventListener` and `removeEventListener`, for the four events of a WebSocket. */
export function lean(WebSocket) {
  made ??= class extends WebSocket {
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
