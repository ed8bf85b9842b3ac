const worker = new Worker(new URL("./chat-worker.js", import.meta.url), { type: "module" });
const messages = document.querySelector("#messages");

worker.onmessage = ({ data }) => {
  const item = document.createElement("li");
  item.textContent = data.state ?? `${data.from}: ${data.text}`;
  messages.append(item);
};

worker.postMessage("Hello from a worker");
