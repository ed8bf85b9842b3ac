// Rendered on the server first: the import in chat.jsx has to survive that, and nothing may flash.
import { Suspense } from "react";
import { Chat } from "./chat.jsx";

export default function Page() {
  return (
    <Suspense>
      <Chat />
    </Suspense>
  );
}
