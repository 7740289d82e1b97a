"""An echo server with a fault that the generator must notice.

Usage: faulty_echo.py none|wrong|more|early
After two messages of 64 bytes a connection: answers with a wrong byte, with too many, or ends the
connection. SIGTERM ends it with status 0."""
import asyncio
import os
import signal
import sys

FAULTS = {"none": lambda data: data, "wrong": lambda data: data[:-1] + bytes([data[-1] ^ 1]),
          "more": lambda data: data + b"more", "early": lambda data: None}
ANSWER = FAULTS[sys.argv[1]]


async def serve(reader, writer):
    taken = 0
    while data := await reader.read(65536):
        taken += len(data)
        answer = ANSWER(data) if taken > 128 else data
        if answer is None:
            break
        writer.write(answer)
    writer.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    print(f"listening on {host}:{port}", flush=True)
    async with server:
        await server.serve_forever()


signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
asyncio.run(main())
