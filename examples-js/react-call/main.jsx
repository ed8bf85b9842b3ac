import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Call } from "./call.jsx";

createRoot(document.querySelector("#root")).render(
  <StrictMode>
    <Call />
  </StrictMode>,
);
