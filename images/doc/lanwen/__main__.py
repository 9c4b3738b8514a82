"""The HTTP service on port 8080. Standard output carries the access log only, one JSON object a line."""

import base64
import binascii
import json
import secrets
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

from . import pages, store

PORT = 8080
SESSION_S = 1800
FORM_LIMIT = 8 * 1024
# Longest address and agent in a log line: whoever sends more must not push the line over the 16 KB that its readers take.
LOG_URI, LOG_AGENT = 1000, 300

_sessions = {}
_sessions_lock = threading.Lock()
_log_lock = threading.Lock()


def new_session(user):
    token = secrets.token_urlsafe(24)
    now = time.monotonic()
    with _sessions_lock:
        for old in [key for key, (_, until) in _sessions.items() if until < now]:
            del _sessions[old]
        _sessions[token] = (user, now + SESSION_S)
    return token


def session_user(token):
    with _sessions_lock:
        user, until = _sessions.get(token, (None, 0.0))
    return user if until > time.monotonic() else None


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "Lanwen"
    sys_version = ""
    timeout = 20

    # Requests -----------------------------------------------------------------

    def do_GET(self):
        if self.path == "/health":
            return self.reply(200, "ok\n", "text/plain")
        if self.path in ("/", "/login"):
            return self.redirect("/documents") if self.user() else self.reply(200, pages.login())
        if self.path == "/logout":
            return self.redirect("/login", cookie="LANWEN=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax")
        # Exact spellings only: the log must say which document was read.
        if self.path == "/documents":
            user = self.need_user()
            return user and self.reply(200, pages.listing(store.DOCUMENTS, user))
        if self.path.startswith("/documents/"):
            user = self.need_user()
            if not user:
                return None
            # Here is the fault: whoever is logged in may read, whatever the secrecy of the document.
            found = store.document(self.path[len("/documents/"):])
            if not found:
                return self.not_found(user)
            return self.reply(200, pages.document(*found, user))
        if self.path.startswith("/exchange/"):
            if not self.need_user():
                return None
            body = store.message(self.path[len("/exchange/"):])
            return self.reply(200, body, "application/octet-stream") if body is not None else self.not_found()
        return self.not_found()

    do_HEAD = do_GET

    def do_POST(self):
        if self.path == "/login":
            body = self.body(FORM_LIMIT)
            if body is None:
                return None
            form = parse_qs(body.decode("utf-8", "replace"))
            login, password = form.get("login", [""])[0], form.get("password", [""])[0]
            if store.password_fits(login, password):
                return self.redirect("/documents", cookie=f"LANWEN={new_session(login)}; Path=/; HttpOnly; SameSite=Lax")
            return self.reply(403, pages.login("帳號或密碼錯誤。"))
        if self.path == "/exchange":
            body = self.body(store.MESSAGE_LIMIT)
            if body is None or not self.need_user():
                return None
            name = store.keep_message(body)
            return self.reply(201, json.dumps({"id": name}) + "\n", "application/json")
        self.close_connection = True
        return self.not_found()

    # Who asks -----------------------------------------------------------------

    def user(self):
        """The account of this request: by HTTP Basic (services) or by the session cookie (people)."""
        scheme, _, value = self.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "basic":
            try:
                login, _, password = base64.b64decode(value.strip(), validate=True).decode("utf-8").partition(":")
            except (binascii.Error, UnicodeDecodeError):
                return None
            return login if store.password_fits(login, password) else None
        for part in self.headers.get("Cookie", "").split(";"):
            name, _, token = part.strip().partition("=")
            if name == "LANWEN":
                return session_user(token)
        return None

    def need_user(self):
        """The account, or None after an answer that sends the asker away."""
        user = self.user()
        if not user:
            self.reply(401, pages.login("請先登入。"), extra=[("WWW-Authenticate", 'Basic realm="lanwen", charset="UTF-8"')])
        return user

    def body(self, limit):
        """The body of the request, or None after a refusal."""
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > limit:
            self.close_connection = True
            self.reply(411 if not length.isdigit() else 413, "size refused\n", "text/plain")
            return None
        data = self.rfile.read(int(length))
        return data if len(data) == int(length) else None

    # Answers ------------------------------------------------------------------

    def reply(self, status, body, kind="text/html", extra=()):
        data = body if isinstance(body, bytes) else body.encode("utf-8")
        self.sent = len(data)
        self.send_response(status)
        self.send_header("Content-Type", kind if kind.startswith("application") else f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Cache-Control", "no-store")
        for name, value in extra:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def redirect(self, to, cookie=None):
        self.reply(303, "", extra=[("Location", to)] + ([("Set-Cookie", cookie)] if cookie else []))

    def not_found(self, user=None):
        self.reply(404, pages.frame("查無資料", "<p>您要找的頁面不存在。</p>", user))

    # Log ----------------------------------------------------------------------

    def log_request(self, code="-", size="-"):
        line = json.dumps(
            {
                "t": time.time_ns() // 1_000_000, "kind": "web", "src": self.client_address[0], "sport": self.client_address[1],
                "method": (self.command or "")[:20], "uri": getattr(self, "path", "")[:LOG_URI], "status": int(code),
                "agent": self.headers.get("User-Agent", "")[:LOG_AGENT] if hasattr(self, "headers") else "", "bytes": getattr(self, "sent", 0),
            },
            ensure_ascii=True, separators=(",", ":"),
        )
        with _log_lock:
            sys.stdout.write(line + "\n")
            sys.stdout.flush()

    def log_message(self, text, *values):
        sys.stderr.write("lanwen: " + text % values + "\n")


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        fault = sys.exc_info()[1]
        # A client that goes away in mid-answer is no fault of ours.
        if not isinstance(fault, (ConnectionError, TimeoutError)):
            sys.stderr.write(f"lanwen: {client_address[0]}: {type(fault).__name__}: {fault}\n")


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with Server(("0.0.0.0", PORT), Handler) as server:
        server.serve_forever()


main()
