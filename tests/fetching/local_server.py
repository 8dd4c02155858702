"""A server on this machine that does what servers do: cut, stall, redirect, lie, and sometimes serve the file."""

from __future__ import annotations

import io
import socket
import threading
import time
import zipfile
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TEXT = b"format-version: 1.2\n" + b"".join(b"[Term]\nid: GO:%07d\n\n" % number for number in range(8000))
ETAG = '"release-1"'

Behaviour = Callable[["Request"], None]


class Request:
    """One request, with what a behaviour may do to answer it."""

    def __init__(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        self.handler = handler
        self.body = body
        self.headers = handler.headers

    @property
    def start(self) -> int:
        """First byte that is asked for."""
        stated = self.headers.get("Range", "")
        return int(stated.removeprefix("bytes=").removesuffix("-")) if stated else 0

    def head(self, status: int, **headers: object) -> None:
        self.handler.send_response(status)
        for name, value in headers.items():
            self.handler.send_header(name.replace("_", "-"), str(value))
        self.handler.end_headers()

    def send(self, data: bytes) -> None:
        self.handler.wfile.write(data)
        self.handler.wfile.flush()

    def hang_up(self) -> None:
        """Close the connection as a crash does."""
        self.handler.close_connection = True
        self.handler.connection.shutdown(socket.SHUT_RDWR)


def good(request: Request) -> None:
    """As a good server answers: whole files and parts, with an ETag."""
    size, start = len(request.body), request.start
    if start and request.headers.get("If-Range", ETAG) != ETAG:
        start = 0
    if start >= size and start:
        request.head(416, Content_Range=f"bytes */{size}", Content_Length=0)
    elif start:
        rest = request.body[start:]
        request.head(206, Content_Range=f"bytes {start}-{size - 1}/{size}", Content_Length=len(rest), ETag=ETAG)
        request.send(rest)
    else:
        request.head(200, Content_Length=size, ETag=ETAG)
        request.send(request.body)


def without_ranges(request: Request) -> None:
    """Always the whole file."""
    request.head(200, Content_Length=len(request.body))
    request.send(request.body)


def cut(after: int, *, validator: bool = True) -> Behaviour:
    """Break off after so many further bytes."""

    def behave(request: Request) -> None:
        size, start = len(request.body), request.start
        rest = request.body[start:]
        headers: dict[str, object] = {"Content_Length": len(rest)} | ({"ETag": ETAG} if validator else {})
        if start:
            headers["Content_Range"] = f"bytes {start}-{size - 1}/{size}"
        request.head(206 if start else 200, **headers)
        request.send(rest[:after])
        request.hang_up()

    return behave


def stall(after: int, seconds: float = 3.0) -> Behaviour:
    """Send so many bytes, then nothing."""

    def behave(request: Request) -> None:
        request.head(200, Content_Length=len(request.body), ETag=ETAG)
        request.send(request.body[:after])
        time.sleep(seconds)

    return behave


def dribble(request: Request) -> None:
    """A byte now and then."""
    request.head(200, Content_Length=len(request.body), ETag=ETAG)
    for byte in request.body[:60]:
        request.send(bytes([byte]))
        time.sleep(0.05)


def status(code: int, **headers: object) -> Behaviour:
    """Answer with a status and nothing else."""
    return lambda request: request.head(code, Content_Length=0, **headers)


def sends(body: bytes, **headers: object) -> Behaviour:
    """Answer every request with this, whatever is asked for."""

    def behave(request: Request) -> None:
        request.head(200, **{"Content_Length": len(body), **headers})
        request.send(body)

    return behave


class Server:
    """Answers by a script: the first behaviour for the first request, and so on; the last one for all further ones."""

    def __init__(self) -> None:
        self.body = TEXT
        self.script: list[Behaviour] = [good]
        self.asked: list[dict[str, str]] = []
        self.paths: list[str] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                number = len(server.asked)
                server.asked.append(dict(self.headers))
                server.paths.append(self.path)
                behaviour = server.script[min(number, len(server.script) - 1)]
                try:
                    behaviour(Request(self, server.body))
                except OSError:
                    self.close_connection = True  # the client went away, as some tests want it to

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.thread = threading.Thread(target=lambda: self.http.serve_forever(poll_interval=0.01), daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http.server_address[1]}"

    def close(self) -> None:
        self.http.shutdown()
        self.http.server_close()


def zipped(name: str, content: bytes) -> bytes:
    """A zip archive of one file."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return out.getvalue()
