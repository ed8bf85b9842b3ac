// What the page or the process goes through: each of these is a reason not to trust the socket and not to wait any longer.
// Where the events do not exist, nothing happens.

/** Calls back when the network or the page returns. Gives what ends that. */
export function watchLifecycle(wake) {
  const { document } = globalThis;
  const onPageShow = (event) => {
    if (event?.persisted) wake();
  };
  const onVisible = () => {
    if (document.visibilityState === "visible") wake();
  };
  const watched = [
    [globalThis, "online", wake],
    [globalThis, "pageshow", onPageShow],
    // Chromium: a frozen page goes on.
    [document, "resume", wake],
    [document, "visibilitychange", onVisible],
  ].filter(([target]) => typeof target?.addEventListener === "function");
  for (const [target, event, listener] of watched) target.addEventListener(event, listener);
  return () => {
    for (const [target, event, listener] of watched) target.removeEventListener(event, listener);
  };
}
