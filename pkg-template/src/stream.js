// events(): an asynchronous iterator over one kind of event, bounded, oldest first to go.

export class EventStream {
  static name = "EventStream";
  #buffer = [];
  #head = 0;
  #max;
  #waiting = [];
  #ended = false;
  #isOver;
  #detach;
  /** How many events were dropped because nobody read them in time. */
  lagged = 0;

  /** `isOver`: whether no event can come any more. `attach` gets what takes events and what ends the stream. */
  constructor(max, isOver, attach) {
    this.#max = max;
    this.#isOver = isOver;
    this.#detach = attach(
      (payload) => this.#push(payload),
      () => this.close(),
    );
  }

  /** Ends the stream after what it holds. */
  close() {
    if (this.#ended) return;
    this.#ended = true;
    this.#detach();
    for (const resolve of this.#waiting.splice(0)) resolve({ value: undefined, done: true });
  }

  async next() {
    if (this.#head < this.#buffer.length) {
      const value = this.#buffer[this.#head];
      this.#buffer[this.#head++] = undefined;
      if (this.#head > 1024 && this.#head * 2 > this.#buffer.length) {
        this.#buffer.splice(0, this.#head);
        this.#head = 0;
      }
      return { value, done: false };
    }
    if (this.#isOver()) this.close();
    if (this.#ended) return { value: undefined, done: true };
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  async return(value) {
    this.close();
    this.#buffer = [];
    this.#head = 0;
    return { value, done: true };
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  #push(value) {
    const reader = this.#waiting.shift();
    if (reader) {
      reader({ value, done: false });
      return;
    }
    if (this.#max > 0 && this.#buffer.length - this.#head >= this.#max) {
      this.#buffer[this.#head++] = undefined;
      this.lagged += 1;
      if (this.#head >= this.#max) {
        this.#buffer.splice(0, this.#head);
        this.#head = 0;
      }
    }
    this.#buffer.push(value);
  }
}

// Runtimes without explicit resource management lack these symbols; then `await using` cannot be written either.
if (Symbol.asyncDispose) {
  EventStream.prototype[Symbol.asyncDispose] = async function asyncDispose() {
    this.close();
  };
}
