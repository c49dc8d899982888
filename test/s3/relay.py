"""A relay in front of an S3 server that keeps the requests that pass through it, as they came."""
import collections
import socket
import threading
import urllib.parse

Request = collections.namedtuple('Request', 'method path query headers body')


def requests_in(data):
    """Of the bytes that a client sent over one connection, each with its Content-Length."""
    while b'\r\n\r\n' in data:
        head, data = data.split(b'\r\n\r\n', 1)
        first, *lines = head.decode('latin-1').split('\r\n')
        method, target, _ = first.split(' ')
        headers = {}
        for line in lines:
            name, value = line.split(':', 1)
            headers[name.lower()] = value.strip()
        size = int(headers.get('content-length', 0))
        path, _, query = target.partition('?')
        yield Request(method, urllib.parse.unquote(path),
                      dict(urllib.parse.parse_qsl(query, keep_blank_values=True)), headers,
                      data[:size])
        data = data[size:]


class Relay:
    """Listens from the start; ends with `with`."""

    def __init__(self, port):
        self.behind = port
        self.listener = socket.create_server(('127.0.0.1', 0), backlog=512)
        self.port = self.listener.getsockname()[1]
        self.sent = []  # The bytes of each connection
        threading.Thread(target=self.accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()

    def endpoint(self):
        return f'http://127.0.0.1:{self.port}'

    def accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            far = socket.create_connection(('127.0.0.1', self.behind))
            kept = bytearray()
            self.sent.append(kept)
            for pair in ((near, far, kept), (far, near, None)):
                threading.Thread(target=self.pump, args=pair, daemon=True).start()

    @staticmethod
    def pump(source, target, kept):
        try:
            while data := source.recv(1 << 16):
                if kept is not None:
                    kept += data
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            target.close()

    def requests(self):
        return [one for data in list(self.sent) for one in requests_in(bytes(data))]
