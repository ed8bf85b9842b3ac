// What can be sent: the camera, a picture that the page draws, the screen.

/** The camera and the microphone. Rejects where there is none, or where the user says no. */
export function camera() {
  return navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 480 }, audio: true });
}

/** The screen, or a window. `ended` is called when the user stops sharing. */
export async function screen(ended) {
  const stream = await navigator.mediaDevices.getDisplayMedia({ video: true });
  stream.getVideoTracks()[0].addEventListener("ended", ended);
  return stream;
}

/** A clock that is drawn, without sound: for machines without a camera. */
export function drawing(name) {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: 320, height: 240 });
  const context = canvas.getContext("2d");
  const hue = Math.floor(Math.random() * 360);
  const paint = () => {
    const now = new Date();
    context.fillStyle = `hsl(${hue} 45% 28%)`;
    context.fillRect(0, 0, 320, 240);
    context.fillStyle = `hsl(${hue} 70% 60%)`;
    const angle = ((now.getSeconds() * 1000 + now.getMilliseconds()) / 60_000) * 2 * Math.PI;
    context.beginPath();
    context.arc(160 + 85 * Math.sin(angle), 110 - 85 * Math.cos(angle), 12, 0, 2 * Math.PI);
    context.fill();
    context.fillStyle = "#ffffff";
    context.textAlign = "center";
    context.font = "600 28px system-ui, sans-serif";
    context.fillText(now.toLocaleTimeString([], { hour12: false }), 160, 118);
    context.font = "16px system-ui, sans-serif";
    context.fillText(name, 160, 222);
  };
  paint();
  const timer = setInterval(paint, 66);
  const stream = canvas.captureStream(15);
  stream.stopDrawing = () => clearInterval(timer);
  return stream;
}

export function stop(stream) {
  stream.stopDrawing?.();
  for (const track of stream.getTracks()) track.stop();
}
