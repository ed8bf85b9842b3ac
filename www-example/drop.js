// The button that drops the link: the local server cuts a connection on request.

/** Where a server takes orders for faults, if it is a local one. */
export function faultsAddress(server) {
  if (!URL.canParse(server)) return null;
  const { protocol, hostname, host } = new URL(server);
  if (!["127.0.0.1", "localhost", "[::1]"].includes(hostname)) return null;
  return `${protocol === "wss:" ? "https:" : "http:"}//${host}/_dev/faults`;
}

/** Cuts the connection of a peer without a word, and tells the log of it. */
export async function cutLink(address, peer, journal) {
  journal.add("drop", "asked the server to cut the link without a word");
  try {
    const response = await fetch(address, { method: "POST", body: JSON.stringify({ fault: "drop", peer }) });
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
  } catch (error) {
    journal.add("error", `drop: ${error.message}`);
  }
}
