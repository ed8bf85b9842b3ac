"""The official Python client at the end of a pipe: one JSON object a line, see ../kit/agent.mjs."""

import asyncio
import json
import sys
from dataclasses import asdict

import metered_realtime as realtime
from metered_realtime import ReconnectOptions, SignallingClient, SubscribeOptions


def say(line):
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def without_none(fields):
    return {name: value for name, value in fields.items() if value is not None}


def peers(entries):
    return [without_none({"peerId": peer.peer_id, "metadata": peer.metadata}) for peer in entries]


def ice_servers(event):
    if event.ice_servers is None:
        return None
    return [without_none(asdict(server)) for server in event.ice_servers]


# The fields of each event, in the names of the JavaScript clients.
EVENTS = {
    realtime.Connected: (
        "connected",
        lambda e: {
            "peerId": e.peer_id,
            "expiresAt": e.expires_at,
            "isReconnect": e.is_reconnect,
            "maxMessageSize": e.max_message_size,
            "iceServers": ice_servers(e),
        },
    ),
    realtime.Disconnected: (
        "disconnected",
        lambda e: {"code": e.code, "reason": e.reason, "willReconnect": e.will_reconnect},
    ),
    realtime.Message: (
        "message",
        lambda e: {
            **without_none({"fromMetadata": e.sender_metadata}),
            "channel": e.channel,
            "from": e.sender_peer_id,
            "data": e.data,
        },
    ),
    realtime.Direct: (
        "direct",
        lambda e: {
            **without_none({"fromMetadata": e.sender_metadata}),
            "from": e.sender_peer_id,
            "data": e.data,
        },
    ),
    realtime.Presence: (
        "presence",
        lambda e: {"channel": e.channel, "joined": peers(e.joined), "left": peers(e.left)},
    ),
    realtime.ServerError: ("server-error", lambda e: {"code": e.code}),
    realtime.GoingAway: ("going-away", lambda e: {"retryAfterMs": e.retry_after_ms}),
}


def describe(error):
    """An error in the names of the JavaScript clients; an HTTP status stands in `close_code`."""
    fields = {"name": type(error).__name__, "message": str(error)}
    fields["code"] = getattr(error, "code", None)
    close_code = getattr(error, "close_code", None)
    if close_code is not None:
        fields["httpStatus" if close_code < 1000 else "closeCode"] = close_code
    return without_none(fields)


class Agent:
    def __init__(self):
        self.clients = {}
        self.questions = {}

    def make(self, name, options):
        async def token():
            answer = self.questions[name] = asyncio.get_running_loop().create_future()
            say({"client": name, "asks": "token"})
            return await answer

        milliseconds = options.get("inactivityTimeoutMs", 60_000)
        client = SignallingClient(
            api_key=options.get("apiKey"),
            token_provider=token if options.get("asksForTokens") else None,
            url=options["url"],
            inactivity_timeout=milliseconds / 1000,
            reconnect=ReconnectOptions(initial_delay=0.05, jitter_ratio=0),
        )
        for kind, (event, fields) in EVENTS.items():
            self.listen(client, name, kind, event, fields)
        self.clients[name] = client

    @staticmethod
    def listen(client, name, kind, event, fields):
        client.on(kind, lambda e: say({"client": name, "event": event, "payload": fields(e)}))

    async def call(self, line):
        name, call, arguments = line["client"], line["call"], line["arguments"]
        try:
            if call == "make":
                self.make(name, *arguments)
                value = None
            elif call == "state":
                value = self.clients[name].state
            elif call == "subscribe":
                channel, options = arguments
                asks = options.get("includeSenderMetadata", False)
                value = await self.clients[name].subscribe(
                    channel, SubscribeOptions(include_sender_metadata=asks)
                )
            else:
                value = await getattr(self.clients[name], call)(*arguments)
            say({"id": line["id"], "value": value})
        except Exception as error:
            say({"id": line["id"], "error": describe(error)})

    async def run(self):
        lines = asyncio.StreamReader(limit=2**20)
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
        running = set()
        while text := await lines.readline():
            line = json.loads(text)
            if "answer" in line:
                self.questions.pop(line["client"]).set_result(line["answer"])
                continue
            task = asyncio.create_task(self.call(line))
            running.add(task)
            task.add_done_callback(running.discard)


asyncio.run(Agent().run())
