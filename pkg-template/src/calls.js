// What is told to the core, by number; see `tell` and `say` in src/web/exported.rs. Those of `tell` begin with the reasons of `readFrame`
// why a text is no frame.

export const NOT_JSON = 0;
export const NO_TYPE = 1;
export const UNKNOWN_TYPE = 2;
export const BAD_FIELD = 3;
export const OPENED = 4;
export const UNAVAILABLE = 5;
export const BINARY = 6;
export const OVERSIZE = 7;
export const PONG = 8;
export const GOING_AWAY = 9;
export const WELCOME = 10;
export const SEND_FAILED = 11;
export const DRAINED = 12;
export const WAKE = 13;
export const STATE = 14;
export const DUE = 15;
export const RING = 16;
export const CONNECT = 17;
export const ABORT = 18;
export const RESERVE = 19;
export const DIRECT = 20;
export const ADMIT = 21;
export const ACKED = 22;

// What `say` takes.
export const CLOSE = 0;
export const SUBSCRIBE = 1;
export const UNSUBSCRIBE = 2;
export const TRANSMIT = 3;
export const ANSWER = 4;
export const CLOSED = 5;
export const TOKEN = 6;
