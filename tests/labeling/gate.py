"""A gate before a server: open, it passes everything on; shut, nobody answers there."""

import socket
import socketserver
import threading
from contextlib import suppress


class Gate:
    """A port of this machine that stands for another one. Shut it after use."""

    def __init__(self, port: int, behind: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._port = port
        self._behind = behind
        self._server: _Server | None = None
        self.open()

    def open(self) -> None:
        """Let everybody through."""
        self._server = _Server(self._port, self._behind)
        threading.Thread(target=self._server.serve_forever, args=(0.05,)).start()

    def shut(self) -> None:
        """Refuse whoever comes, and cut off whoever is inside."""
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.cut_off()
            server.server_close()


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True

    def __init__(self, port: int, behind: int) -> None:
        super().__init__(("127.0.0.1", port), _Passage)
        self.behind = behind
        self.inside: set[socket.socket] = set()

    def cut_off(self) -> None:
        for one in list(self.inside):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


class _Passage(socketserver.BaseRequestHandler):
    server: _Server
    request: socket.socket

    def handle(self) -> None:
        with socket.create_connection(("127.0.0.1", self.server.behind)) as there:
            ends = {self.request, there}
            self.server.inside |= ends
            back = threading.Thread(target=_pass_on, args=(there, self.request))
            back.start()
            _pass_on(self.request, there)
            back.join()
            self.server.inside -= ends


def _pass_on(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while read := one.recv(65_536):
            other.sendall(read)
    for end in (one, other):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
