import { useEffect, useRef, useState } from "react";
import { useCall } from "./use-call.js";

const options = { apiKey: "pk_live_..." };

export function Call() {
  const stream = useCamera();
  const { state, members } = useCall(options, "lobby", stream);
  return (
    <main>
      <p role="status">{state}</p>
      <ul>
        {members.map(({ id, state, streams }) => (
          <li key={id}>
            {state}
            {streams.map((each) => (
              <Video key={each.id} stream={each} />
            ))}
          </li>
        ))}
      </ul>
    </main>
  );
}

function Video({ stream }) {
  const video = useRef(null);
  useEffect(() => {
    video.current.srcObject = stream;
  }, [stream]);
  return <video ref={video} autoPlay playsInline muted />;
}

/** The camera while the component is mounted; `null` until the user has allowed it. */
function useCamera() {
  const [stream, setStream] = useState(null);
  useEffect(() => {
    let mounted = true;
    const asked = navigator.mediaDevices.getUserMedia({ video: true });
    asked.then((camera) => mounted && setStream(camera)).catch((error) => console.info(error.message));
    return () => {
      mounted = false;
      asked.then((camera) => camera.getTracks().forEach((track) => track.stop())).catch(() => {});
    };
  }, []);
  return stream;
}
