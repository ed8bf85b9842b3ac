// events(): an asynchronous iterator over one kind of event. It is bounded, and drops the oldest event first.

import { INSIDE, putInside } from "./wrapped.js";

export class EventStream {
  static name = "EventStream";

  /** `isOver`: whether no event can come any more. `attach` gets two functions: one takes an event, one ends the stream. */
  constructor(max, isOver, attach) {
    putInside(this, new Buffer(max, isOver, attach), "EventStream");
  }

  /** How many events were dropped because nobody read them in time. */
  get lagged() {
    return this[INSIDE]().lagged;
  }

  /** Ends the stream. Events that it holds can still be read. */
  close() {
    this[INSIDE]().close();
  }

  async next() {
    return this[INSIDE]().next();
  }

  async return(value) {
    const buffer = this[INSIDE]();
    buffer.close();
    buffer.clear();
    return { value, done: true };
  }

  [Symbol.asyncIterator]() {
    return this;
  }
}

/** The events of a stream, and the readers that wait for the next one. */
class Buffer {
  lagged = 0;
  #events = [];
  #head = 0;
  #max;
  #waiting = [];
  #ended = false;
  #isOver;
  #detach;

  constructor(max, isOver, attach) {
    this.#max = max;
    this.#isOver = isOver;
    this.#detach = attach(
      (payload) => this.#push(payload),
      () => this.close(),
    );
  }

  close() {
    if (this.#ended) return;
    this.#ended = true;
    for (const resolve of this.#waiting.splice(0)) resolve({ value: undefined, done: true });
    this.#detach();
  }

  clear() {
    this.#events = [];
    this.#head = 0;
  }

  next() {
    if (this.#head < this.#events.length) {
      const value = this.#events[this.#head];
      this.#events[this.#head++] = undefined;
      if (this.#head > 1024 && this.#head * 2 > this.#events.length) this.#trim();
      return { value, done: false };
    }
    if (this.#isOver()) this.close();
    if (this.#ended) return { value: undefined, done: true };
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #push(value) {
    const reader = this.#waiting.shift();
    if (reader) {
      reader({ value, done: false });
      return;
    }
    if (this.#max > 0 && this.#events.length - this.#head >= this.#max) {
      this.#events[this.#head++] = undefined;
      this.lagged += 1;
      if (this.#head >= this.#max) this.#trim();
    }
    this.#events.push(value);
  }

  /** Frees the room of events that were read. */
  #trim() {
    this.#events.splice(0, this.#head);
    this.#head = 0;
  }
}

// Runtimes without explicit resource management lack these symbols; then `await using` cannot be written either.
if (Symbol.asyncDispose) {
  EventStream.prototype[Symbol.asyncDispose] = async function asyncDispose() {
    this.close();
  };
}
