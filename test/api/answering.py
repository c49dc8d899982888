"""What the tests' own servers have in common: an answer with its length, and no word of it printed."""
import http.server


class Answering(http.server.BaseHTTPRequestHandler):
    def answer(self, code, body, **headers):
        """`headers` with _ for -."""
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name.replace('_', '-'), value)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass
