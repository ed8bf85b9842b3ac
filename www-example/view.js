// The lists of the page. What a peer or the server says is only ever set as text, never as markup.

const MESSAGES_MAX = 500;
const ENTRIES_MAX = 300;

const STATE_WORDS = {
  idle: "Not connected",
  connecting: "Connecting…",
  connected: "Connected",
  reconnecting: "Reconnecting…",
  closed: "Disconnected",
};

export function showState(badge, words, state) {
  badge.dataset.state = state;
  words.textContent = STATE_WORDS[state];
}

/** An element with a class and a text. */
export function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

export function clip(text, length) {
  return text.length <= length ? text : `${text.slice(0, length)}…`;
}

/** Random ids are long, and their beginning is enough. Names that people chose are shown in full. */
export function shortId(id) {
  return /^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(id) ? id.slice(0, 8) : clip(id, 24);
}

/** The same peer has the same colour on every page. */
function colouredDot(id) {
  const dot = element("span", "avatar");
  let hash = 0;
  for (const char of id) hash = Math.imul(hash ^ char.codePointAt(0), 0x9e3779b1) >>> 0;
  dot.style.setProperty("--hue", String(hash % 360));
  dot.setAttribute("aria-hidden", "true");
  return dot;
}

function timeNow() {
  const now = new Date();
  const time = element("time", "", now.toLocaleTimeString([], { hour12: false }));
  time.dateTime = now.toISOString();
  return time;
}

function tick() {
  const mark = element("span", "", "✓");
  mark.setAttribute("role", "img");
  mark.setAttribute("aria-label", "delivered");
  return mark;
}

/** Adds at the end; keeps the end in sight, unless the reader has scrolled away from it. */
function append(list, box, item, max) {
  const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 40;
  list.append(item);
  while (list.childElementCount > max) list.firstElementChild.remove();
  if (atEnd) box.scrollTop = box.scrollHeight;
}

/** The connection log. */
export class Journal {
  #list;
  #box;

  constructor(list, box) {
    this.#list = list;
    this.#box = box;
  }

  add(kind, text) {
    const item = element("li", "entry");
    item.dataset.kind = kind;
    item.append(timeNow(), " ", element("span", "kind", kind), " ", element("span", "what", text));
    append(this.#list, this.#box, item, ENTRIES_MAX);
  }

  clear() {
    this.#list.replaceChildren();
  }
}

/** The messages. */
export class Messages {
  #list;
  #box;
  #empty;

  constructor(list, box, empty) {
    this.#list = list;
    this.#box = box;
    this.#empty = empty;
  }

  /** Shows a message. For one of our own, call `delivered` or `failed` of the result later. */
  add({ from, id, text, to, own = false }) {
    const item = element("li", own ? "message own" : "message");
    const head = element("p", "head");
    if (!own) head.append(colouredDot(id));
    head.append(element("span", "from", from));
    if (to) head.append(element("span", "direct", own ? ` to ${to}, directly` : " to you, directly"));
    head.append(" ", timeNow());
    const outcome = element("span", "outcome", own ? " sending…" : "");
    if (own) head.append(outcome);
    item.append(head, element("p", "body", text));
    if (to) item.classList.add("private");
    this.#show(item);
    return {
      delivered: () => {
        outcome.replaceChildren(" ", tick());
      },
      failed: (what, why) => {
        outcome.textContent = ` ${what}: ${why}`;
        item.classList.add("failed");
      },
    };
  }

  note(text) {
    this.#show(element("li", "note", text));
  }

  #show(item) {
    this.#empty.hidden = true;
    append(this.#list, this.#box, item, MESSAGES_MAX);
  }
}

/** Who is in the channel, and who can be written to. */
export class People {
  #list;
  #count;
  #empty;
  #writeTo;
  #me = null;
  #here = new Map();
  /** Peers that sent a direct message and are not in the channel. */
  #others = new Set();
  #select = null;
  #channel = null;

  constructor(list, count, empty, writeTo) {
    this.#list = list;
    this.#count = count;
    this.#empty = empty;
    this.#writeTo = writeTo;
  }

  get size() {
    return this.#here.size;
  }

  has(id) {
    return this.#here.has(id);
  }

  /** The name in the peer's metadata, or else its id. */
  name(id) {
    const { username, name } = this.#here.get(id) ?? {};
    const word = [username, name].find((value) => typeof value === "string" && value !== "");
    return word ? `${clip(word, 40)} (${shortId(id)})` : shortId(id);
  }

  clear(me) {
    this.#me = me;
    this.#here.clear();
    if (me === null) this.#others.clear();
    this.#draw();
  }

  add(peers) {
    for (const { peerId, metadata } of peers) this.#here.set(peerId, metadata);
    this.#draw();
  }

  remove(peers) {
    for (const { peerId } of peers) this.#here.delete(peerId);
    this.#draw();
  }

  remember(id) {
    this.#others.add(id);
    this.#draw();
  }

  /** Fills the list of receivers beside the message box. */
  offerIn(select, channel) {
    this.#select = select;
    this.#channel = channel;
    this.#draw();
  }

  #draw() {
    const ids = [...this.#here.keys()].sort((a, b) => (b === this.#me) - (a === this.#me) || (a < b ? -1 : 1));
    this.#count.textContent = ids.length > 0 ? String(ids.length) : "";
    this.#empty.hidden = ids.length > 0;
    const focused = this.#list.contains(document.activeElement) ? document.activeElement.dataset.id : undefined;
    this.#list.replaceChildren(...ids.map((id) => this.#person(id)));
    if (focused !== undefined) [...this.#list.querySelectorAll("button")].find((b) => b.dataset.id === focused)?.focus();
    this.#drawSelect(ids);
  }

  #person(id) {
    const item = element("li");
    item.title = id;
    if (id === this.#me) {
      item.className = "person";
      item.append(colouredDot(id), element("span", "name", this.name(id)), element("span", "you", "you"));
      return item;
    }
    const button = element("button", "person");
    button.type = "button";
    button.dataset.id = id;
    const write = element("span", "write", "Write");
    write.append(element("span", "unseen", " to "));
    button.append(write, colouredDot(id), element("span", "name", this.name(id)));
    button.addEventListener("click", () => this.#writeTo(id));
    item.append(button);
    return item;
  }

  /** A receiver who has left stays selected: a private message must not go to everyone instead. */
  #drawSelect(ids) {
    const select = this.#select;
    if (select === null) return;
    const chosen = select.value;
    const peers = new Set([...ids, ...this.#others].filter((id) => id !== this.#me));
    const everyone = new Option(this.#channel === null ? "Everyone" : `Everyone in ${this.#channel}`, "");
    const options = [...peers].map((id) => new Option(`${this.name(id)}, directly`, id));
    if (chosen !== "" && !peers.has(chosen)) options.push(new Option(`${shortId(chosen)}, who has left`, chosen));
    select.replaceChildren(everyone, ...options);
    select.value = chosen;
  }
}
