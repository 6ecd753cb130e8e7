"""A server that notes when each request came, by the clock that the library uses.

Ends when its input does. `GET /_times` gives the instants in nanoseconds.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time


async def serve(delay: float) -> None:
    times: list[int] = []
    under_way = 0
    most = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal under_way, most
        try:
            while line := await reader.readline():
                now = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
                path = line.split()[1]
                while await reader.readline() not in (b"\r\n", b""):
                    pass
                if path == b"/_times":
                    body = json.dumps({"times": times, "most": most}).encode()
                else:
                    times.append(now)
                    under_way += 1
                    most = max(most, under_way)
                    try:
                        if delay:
                            await asyncio.sleep(delay)
                    finally:
                        under_way -= 1
                    body = b'{"data":[{"id":1}]}'
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
                    + str(len(body)).encode()
                    + b"\r\n\r\n"
                    + body
                )
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1]) if len(sys.argv) > 1 else 0.0))
