"""What both Python programs share: the settings `run` passes in, names that lead to loopback, and the counting."""
import contextlib
import http.server as http_server
import os
import socket
import sys
import threading
import time
import urllib.request

ENDPOINT = os.environ['SDK_ENDPOINT']
PATH_STYLE = os.environ['SDK_STYLE'] == 'path'
AUTH = os.environ['SDK_AUTH']
KEY_ID = os.environ['SDK_KEY_ID']
KEY_SECRET = os.environ['SDK_KEY_SECRET']
REGION = os.environ['SDK_REGION']
BUCKET = os.environ['SDK_BUCKET']
STS_ID, STS_SECRET, STS_TOKEN = (os.environ[f'SDK_STS_{name}'] for name in ('ID', 'SECRET', 'TOKEN'))

_resolve = socket.getaddrinfo


def _loopback(host, *rest, **options):
    # BUCKET.localhost and the real service's names have no address on this machine: every name is the server's.
    return _resolve('127.0.0.1', *rest, **options)


socket.getaddrinfo = _loopback


class Checks:
    """Counts checks; a check is a function that raises when the server is wrong."""

    def __init__(self, name):
        self.name, self.passed, self.failed = name, 0, 0

    def __call__(self, title):
        def run(body):
            began = time.monotonic()
            try:
                body()
            except Exception as error:  # whatever the client raises is this check's failure
                self.failed += 1
                text = ' '.join(f'{type(error).__name__}: {error}'.split())
                print(f'FAIL {title}: {text[:600]}', flush=True)
            else:
                self.passed += 1
                print(f'ok   {title} ({(time.monotonic() - began) * 1000:.0f} ms)', flush=True)
        return run

    def end(self):
        print(f'{self.name}: {self.passed} passed, {self.failed} failed', flush=True)
        sys.exit(1 if self.failed or not self.passed else 0)


def same(got, wanted):
    if got != wanted:
        raise AssertionError(f'{got!r} is not {wanted!r}')


def wait_for(what, probe):
    """Asks until the answer is true; a restore takes a moment."""
    deadline = time.monotonic() + 20
    while not probe():
        if time.monotonic() > deadline:
            raise AssertionError(f'waited in vain for {what}')
        time.sleep(0.05)


@contextlib.contextmanager
def application(answer):
    """An application that hears callbacks: its URL and the bodies it heard."""
    heard = []

    class Handler(http_server.BaseHTTPRequestHandler):
        def do_POST(self):
            heard.append(self.rfile.read(int(self.headers['Content-Length'])).decode())
            self.send_response(200)
            self.send_header('Content-Length', str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_):
            pass

    with http_server.HTTPServer(('127.0.0.1', 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f'http://127.0.0.1:{server.server_port}/', heard
        server.shutdown()


def http(method, url, body=None, headers=None):
    """Status and body of a request made without any OSS client, as a browser would make it."""
    request = urllib.request.Request(url, data=body, method=method, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
