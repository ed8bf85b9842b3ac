import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Chat } from "./chat.jsx";

createRoot(document.querySelector("#root")).render(
  <StrictMode>
    <Chat />
  </StrictMode>,
);
