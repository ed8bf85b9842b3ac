"""A member of a room with the official Python client. Prints one JSON object a line; opens a data channel or answers on one.

    python_member.py URL KEY CHANNEL open|answer
"""

import asyncio
import json
import sys

import metered_realtime as realtime
from aiortc import VideoStreamTrack


def say(**line):
    print(json.dumps(line), flush=True)


def listen(channel, role):
    @channel.on("message")
    def on_message(data):
        say(event="message", data=data)
        if role == "answer":
            channel.send(f"echo {data}")


async def main(url, key, name, role):
    peer = realtime.MeteredPeer(url=url, api_key=key)

    def on_peer(event):
        remote = event.peer
        say(event="peer-joined", id=remote.id)
        remote.on(realtime.DataChannelOpened, lambda opened: listen(opened.channel, role))
        remote.on(realtime.Track, lambda track: say(event="track", kind=track.track.kind, metadata=track.metadata))
        if role == "open":
            channel = remote.create_data_channel("from-python")
            channel.on("open", lambda: channel.send("hello from Python"))
            listen(channel, role)

    peer.on(realtime.PeerJoined, on_peer)
    if role == "media":
        peer.add_track(VideoStreamTrack(), metadata={"from": "Python"})
    await peer.join(name)
    say(event="joined", id=peer.peer_id)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await peer.close()


asyncio.run(main(*sys.argv[1:]))
