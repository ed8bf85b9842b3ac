"""The official Python client in a process of its own: `worker.py <task> <url> <count>`; see src/worker.rs."""

import asyncio
import sys
import time

from metered_realtime import Message, SignallingClient

BURST = 1_000
IN_FLIGHT = 250


def say(line):
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def inbound(client, count):
    warm_up = count // 10
    seen = 0
    before = 0
    done = asyncio.get_running_loop().create_future()

    def on_message(_message):
        nonlocal seen, before
        seen += 1
        if seen % BURST == 0:
            say("more")
        if seen == warm_up:
            before = time.process_time_ns()
        if seen == warm_up + count:
            done.set_result(time.process_time_ns() - before)

    client.on(Message, on_message)
    await client.subscribe("bench")
    say("ready")
    return await done


async def publish(client, count):
    say("ready")
    await publish_all(client, count // 10)
    before = time.process_time_ns()
    await publish_all(client, count)
    return time.process_time_ns() - before


async def publish_all(client, count):
    data = {"kind": "telemetry", "sensor": "T-12", "value": 92.5, "note": "x" * 60}

    async def lane(count):
        for _ in range(count):
            await client.publish("bench-out", data)

    await asyncio.gather(*(lane(count // IN_FLIGHT) for _ in range(IN_FLIGHT)))


async def main(task, url, count):
    client = SignallingClient(api_key="pk_live_local", url=url)
    await client.connect()
    say(await {"small": inbound, "large": inbound, "publish": publish}[task](client, int(count)))
    await client.close()


asyncio.run(main(*sys.argv[1:]))
