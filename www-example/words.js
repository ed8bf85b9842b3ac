// Close codes in words.

import { clip } from "./view.js";

const GENERAL = [
  [1000, "normal closure"],
  [1005, "closed without a code"],
  [1006, "link lost"],
  [1011, "server error"],
];

/** The words for close codes. `named` are the codes that the package has names for. */
export class CloseWords {
  #words;

  constructor(named) {
    const inWords = (name) => name.replace(/(?<=[a-z])(?=[A-Z])/g, " ").toLowerCase();
    this.#words = new Map([...GENERAL, ...Object.entries(named).map(([name, code]) => [code, inWords(name)])]);
  }

  of(code) {
    return this.#words.get(code) ?? "unknown code";
  }

  /** Why a connect failed: what the server said with its close code, or else the error's own text. */
  whyNot({ closeCode, closeReason, message }) {
    if (closeCode === undefined) return message;
    const words = closeReason ? `, “${clip(closeReason, 120)}”` : "";
    const advice = closeCode === 1006 ? ". Is the server running, and the key right?" : ".";
    return `${closeCode} ${this.of(closeCode)}${words}${advice}`;
  }
}
