// The clock and the one alarm of a client.
//
// The clock adds up the wall clock's steps forward. A monotonic clock stops while a machine sleeps; the wall clock does not,
// but may be set back. So steps back count as nothing, and a jump ahead looks like sleep, which the core takes for what it is.
// An alarm that rings is proof that its time has come, whatever the clock says: timers that a test controls work too.

/** Timers hold signed 32-bit milliseconds; anything above fires at once. */
const LONGEST_MS = 2_147_483_647;
/** How coarse the steady clock may be: browsers blur it, some to 100 ms. */
const SLACK_MS = 200;

/** The clock that timers run by. Tests that turn a clock by hand leave it alone. */
const steady = () => globalThis.performance?.now() ?? Number.NaN;
const firstSetTimeout = globalThis.setTimeout;

export class Clock {
  #last = Date.now();
  #elapsed = 0;
  /** A test turns the timers and leaves the wall clock alone, so that it tells nothing. */
  #stopped = false;
  #host;
  #timer;
  #due = Infinity;
  #notBefore;

  /** `host`: takes `ring(stepped)`. */
  constructor(host) {
    this.#host = host;
  }

  /** Milliseconds since the client was made. */
  now() {
    const wall = Date.now();
    if (wall > this.#last && !this.#stopped) this.#elapsed += wall - this.#last;
    this.#last = wall;
    return this.#elapsed;
  }

  /**
   * Sees to it that the alarm rings at that time, or, if that is infinite, not at all. If it is set for an earlier time, that is
   * good enough: it rings, finds nothing to do and is set again. So requests, whose deadlines come and go, cost no timers. Only
   * where a test turns the timers is there one for just the time, since it may turn them without the wall clock: then the delay
   * from the latest news is all that is known.
   */
  arm(due) {
    const isReal = globalThis.setTimeout === firstSetTimeout;
    if (due === this.#due || (this.#due < due && due < Infinity && isReal)) return;
    clearTimeout(this.#timer);
    this.#due = due;
    if (due === Infinity) return;
    const now = isReal ? this.now() : this.#elapsed;
    const delay = Math.min(Math.max(due - now, 0), LONGEST_MS);
    this.#due = now + delay;
    this.#notBefore = steady() + delay - SLACK_MS;
    this.#timer = setTimeout(() => this.#rang(), delay);
  }

  #rang() {
    const due = this.#due;
    const stepped = steady() < this.#notBefore;
    const now = this.now();
    if (!stepped) this.#stopped = false;
    else if (now + SLACK_MS < due) this.#stopped = true;
    if (now < due) this.#elapsed = due;
    this.#due = Infinity;
    this.#host.ring(stepped);
  }
}
