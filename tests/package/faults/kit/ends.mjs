// Child processes end with us, also when we fail.

const running = new Set();

process.on("exit", () => running.forEach((child) => child.kill("SIGKILL")));

export function endWithUs(child) {
  running.add(child);
  child.once("exit", () => running.delete(child));
}
