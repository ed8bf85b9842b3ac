// A small WebDriver client, for engines that Playwright can only drive in builds of its own.

const ELEMENT = "element-6066-11e4-a52e-4f735466cecf";
const PATIENCE_MS = 30_000;
const PAUSE_MS = 50;

export class Session {
  #base;

  constructor(base, { browserName, browserVersion }) {
    this.#base = base;
    this.name = browserName;
    this.version = browserVersion;
  }

  /** Opens a browser with the driver at this address. */
  static async open(driver, wanted) {
    const { sessionId, capabilities } = await call(`${driver}/session`, { capabilities: { alwaysMatch: wanted } });
    return new Session(`${driver}/session/${sessionId}`, capabilities);
  }

  go(address) {
    return call(`${this.#base}/url`, { url: address });
  }

  /** Runs the body of a function in the page. */
  run(script, ...args) {
    return call(`${this.#base}/execute/sync`, { script, args });
  }

  /** Waits until the body of a function returns something true, and returns that. */
  async until(script, ...args) {
    const deadline = Date.now() + PATIENCE_MS;
    while (Date.now() < deadline) {
      const found = await this.run(script, ...args);
      if (found) return found;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    throw new Error(`in vain: ${script} ${args.join(" ")}\n${await this.run("return document.body.innerText")}`);
  }

  /** Waits until the page shows a text. */
  sees(text) {
    return this.until("return document.body.innerText.includes(arguments[0])", text);
  }

  async type(selector, text) {
    await call(`${this.#base}/element/${await this.#find(selector)}/value`, { text });
  }

  async click(selector) {
    await call(`${this.#base}/element/${await this.#find(selector)}/click`, {});
  }

  close() {
    return call(this.#base, undefined, "DELETE");
  }

  async #find(selector) {
    const found = await call(`${this.#base}/element`, { using: "css selector", value: selector });
    return found[ELEMENT];
  }
}

async function call(address, body, method = "POST") {
  const headers = { "content-type": "application/json" };
  const response = await fetch(address, { method, headers, body: body && JSON.stringify(body) });
  const { value } = await response.json();
  if (!response.ok) throw new Error(`${method} ${new URL(address).pathname}: ${value.error}: ${value.message}`);
  return value;
}
