"""Somebody who receives webhooks on a real port: answers as told, keeps what came."""

import queue
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import anyio

PATIENCE_SECONDS = 20


@dataclass(frozen=True)
class Arrived:
    """One call that came in. `headers` have lower-case names."""

    path: str
    headers: dict[str, str]
    body: bytes


class Receiver:
    """Answers each call with the next of `statuses`, then with 202 for ever."""

    def __init__(self, *statuses: int) -> None:
        self.arrivals: queue.Queue[Arrived] = queue.Queue()
        self._statuses = list(statuses)
        self.origin = ""

    async def next(self) -> Arrived:
        """Wait for the next call."""
        return await anyio.to_thread.run_sync(lambda: self.arrivals.get(timeout=PATIENCE_SECONDS))

    def take(self, arrived: Arrived) -> int:
        """Keep a call and say how it is answered."""
        status = self._statuses.pop(0) if self._statuses else 202
        self.arrivals.put(arrived)
        return status


@contextmanager
def listening(*statuses: int) -> Iterator[Receiver]:
    """A receiver on a free port of this machine."""
    receiver = Receiver(*statuses)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.send_response(receiver.take(Arrived(self.path, headers, body)))
            self.send_header("location", f"{receiver.origin}/elsewhere")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.origin = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
