import { useState } from "react";
import { useChannel } from "./use-channel.js";

export function Chat() {
  const { state, messages, publish } = useChannel("lobby");
  const [text, setText] = useState("");

  async function send(event) {
    event.preventDefault();
    await publish({ text });
    setText("");
  }

  return (
    <form onSubmit={send}>
      <p role="status">{state}</p>
      <ul>
        {messages.map(({ from, data }, index) => (
          <li key={index}>
            {from}: {data.text}
          </li>
        ))}
      </ul>
      <input aria-label="Message" value={text} onChange={(event) => setText(event.target.value)} />
      <button disabled={state !== "connected"}>Send</button>
    </form>
  );
}
