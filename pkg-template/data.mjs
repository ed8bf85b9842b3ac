// Drops constants that nothing refers to any more: texts and places of panics, and the tables for printing them.
//
// The linker keeps each constant in a segment of its own (`--no-merge-data-segments` in .cargo/config.toml), so it is known where
// each begins and ends. What may refer to one is known less well: any number in the code, the end of the constant included. So a
// constant is dropped only if no number is near it, where near is nothing for what is never indexed, and a wide margin for tables, whose
// address may be folded together with an index.

const MARGIN = 256;
const DATA = 11;
const DATA_COUNT = 12;

/** `code` is the module as text, without its data: where the references are. */
export function withoutDeadData(wasm, code) {
  const sections = readSections(wasm);
  const data = sections.find(({ id }) => id === DATA);
  const segments = readSegments(data.bytes);
  const kept = merge(live(segments, references(code)));
  data.bytes = Buffer.concat([leb(kept.length), ...kept.map(writeSegment)]);
  const count = sections.find(({ id }) => id === DATA_COUNT);
  if (count) count.bytes = leb(kept.length);
  return writeSections(sections.filter(({ id, bytes }) => id !== 0 || !bytes.subarray(1, 5).equals(Buffer.from("name"))));
}

/** Without any constants. */
export function withoutData(wasm) {
  return writeSections(readSections(Buffer.from(wasm)).filter(({ id }) => id !== DATA && id !== DATA_COUNT));
}

/** All numbers that could be addresses; a 64-bit one may be two. */
function references(code) {
  const found = new Set();
  for (const [, number] of code.matchAll(/(?:i32\.const |offset=)(-?\d+)/g)) found.add(Number(number) >>> 0);
  for (const [, number] of code.matchAll(/i64\.const (-?\d+)/g)) {
    const bits = BigInt.asUintN(64, BigInt(number));
    found.add(Number(bits & 0xffff_ffffn)).add(Number(bits >> 32n));
  }
  return [...found];
}

/** The segments that are referred to, by code or by one that is. */
function live(segments, found) {
  const kept = new Set();
  const addresses = [...found];
  for (let address = addresses.pop(); address !== undefined; address = addresses.pop()) {
    for (const segment of segments) {
      if (kept.has(segment) || !mayRefer(address, segment)) continue;
      kept.add(segment);
      addresses.push(...wordsOf(segment));
    }
  }
  return segments.filter((segment) => kept.has(segment));
}

function mayRefer(address, { from, to, isWhole }) {
  return isWhole ? from <= address && address < to : from - MARGIN <= address && address <= to + MARGIN;
}

/** The linker cuts zeros off both ends, so the first word may begin before the segment. */
function wordsOf({ from, bytes }) {
  const before = from % 4;
  const padded = Buffer.concat([Buffer.alloc(before), bytes, Buffer.alloc(4)]);
  return Array.from({ length: Math.floor(padded.length / 4) }, (_, i) => padded.readUInt32LE(i * 4));
}

function readSegments(section) {
  const reader = new Reader(section);
  const segments = Array.from({ length: reader.number() }, () => {
    if (reader.number() !== 0 || reader.byte() !== 0x41) throw new Error("a data segment is not at a constant address");
    const from = reader.number();
    reader.byte();
    const bytes = reader.take(reader.number());
    return { from, bytes, isText: bytes.length > 2 && bytes.every((byte) => (byte >= 0x20 && byte < 0x7f) || byte === 0xc0) };
  });
  const files = new Set(segments.filter(({ isText, bytes }) => isText && bytes.toString().endsWith(".rs")).map(({ from }) => from));
  return segments.map((segment, i) => ({
    ...segment,
    // With the zeros that were cut off.
    to: segments[i + 1]?.from ?? segment.from + segment.bytes.length,
    // Texts, and places in the source, are never indexed.
    isWhole: segment.isText || (segment.bytes.length <= 16 && files.has(wordsOf(segment)[0])),
  }));
}

/** A segment has a header of some six bytes: a gap of as many costs nothing. */
function merge(segments) {
  const merged = [];
  for (const { from, bytes } of segments) {
    const last = merged.at(-1);
    const gap = last && from - last.from - last.bytes.length;
    if (last && gap <= 8) last.bytes = Buffer.concat([last.bytes, Buffer.alloc(gap), bytes]);
    else merged.push({ from, bytes });
  }
  return merged;
}

function writeSegment({ from, bytes }) {
  return Buffer.concat([Buffer.from([0, 0x41]), leb(from, 64), Buffer.from([0x0b]), leb(bytes.length), bytes]);
}

function readSections(wasm) {
  const reader = new Reader(wasm.subarray(8));
  const sections = [];
  while (!reader.isDone()) sections.push({ id: reader.byte(), bytes: reader.take(reader.number()) });
  return sections;
}

function writeSections(sections) {
  const header = Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
  return Buffer.concat([header, ...sections.map(({ id, bytes }) => Buffer.concat([Buffer.from([id]), leb(bytes.length), bytes]))]);
}

/** LEB128. Signed numbers end below `limit` 64, so that their sign is that of the last byte. */
function leb(number, limit = 128) {
  const bytes = [];
  for (; number >= limit; number = Math.floor(number / 128)) bytes.push((number % 128) | 128);
  return Buffer.from([...bytes, number]);
}

class Reader {
  #bytes;
  #at = 0;

  constructor(bytes) {
    this.#bytes = bytes;
  }

  isDone() {
    return this.#at >= this.#bytes.length;
  }

  byte() {
    return this.#bytes[this.#at++];
  }

  take(count) {
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }

  /** Not negative. */
  number() {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.byte();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  }
}
