"""An OpenID Connect provider with a key of its own, served over HTTP, which lies where a test tells it to."""

import hmac
import json
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from secrets import token_urlsafe
from threading import Thread
from time import time
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT_ID, CLIENT_SECRET = "partner-reports/1", "a:secret&of%the=client"
KEY = RSAKey.generate_key(2048, {"kid": "2026", "use": "sig", "alg": "RS256"})
OTHER_KEY = RSAKey.generate_key(2048, {"kid": "2026", "use": "sig", "alg": "RS256"})

Claims = dict[str, Any]


def sign(claims: Claims) -> str:
    return jwt.encode({"alg": "RS256", "kid": "2026"}, claims, KEY)


def sign_with_other_key(claims: Claims) -> str:
    return jwt.encode({"alg": "RS256", "kid": "2026"}, claims, OTHER_KEY)


def sign_with_public_key(claims: Claims) -> str:
    """Use the public key, which everybody knows, as the secret of an HMAC."""
    signed = _unsigned("HS256", claims)
    return f"{signed}.{_base64(hmac.digest(KEY.as_pem(private=False), signed.encode(), 'sha256'))}"


def leave_unsigned(claims: Claims) -> str:
    return f"{_unsigned('none', claims)}."


class FakeProvider:
    """What the provider knows, and in which way it answers. `requests` are the paths that it was asked for.

    Whoever comes is signed in at once as somebody with `claims`; `id_token` are claims of the ID token alone, where
    None leaves one out.
    """

    def __init__(self, issuer: str) -> None:
        self.issuer, self.name, self.requests = issuer, urlsplit(issuer).netloc, list[str]()
        self.claims: Claims = {"sub": "17", "email": "ann@partner.example", "email_verified": True}
        self.id_token: Claims = {}
        self.userinfo: Claims = {}
        self.metadata: Claims = {}
        self.sign: Callable[[Claims], str] = sign
        self.error = ""  # the code of an error to answer with instead of signing in
        self.token_answer: tuple[int, str] | None = None  # instead of tokens
        self.pause: Callable[[], object] = lambda: None  # before each answer
        self._codes: dict[str, dict[str, str]] = {}

    def answer(self, path: str, query: dict[str, str], authorization: str) -> tuple[int, str]:
        """Return a status, and JSON or the address of a redirect."""
        self.requests.append(path)
        self.pause()
        keys = {"keys": [KEY.as_dict(private=False)]}
        documents = {"/.well-known/openid-configuration": self._metadata(), "/keys": keys}
        if path in documents:
            return 200, json.dumps(documents[path])
        if path == "/authorize":
            return self._authorize(query)
        if path == "/token":
            return self.token_answer or self._exchange(query, authorization)
        if path == "/end":
            return 302, query["post_logout_redirect_uri"]
        if path == "/userinfo" and authorization == "Bearer an access token":
            return 200, json.dumps({"sub": self.claims["sub"], **self.userinfo})
        return 404, "{}"

    def _metadata(self) -> Claims:
        metadata = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "end_session_endpoint": f"{self.issuer}/end?tenant=1",
            **self.metadata,
        }
        return {name: value for name, value in metadata.items() if value}

    def _authorize(self, query: dict[str, str]) -> tuple[int, str]:
        assert (query["response_type"], query["client_id"]) == ("code", CLIENT_ID)
        assert query["code_challenge_method"] == "S256"
        assert set(query["scope"].split()) == {"openid", "email"}
        code = token_urlsafe(16)
        self._codes[code] = query
        answer = {"error": self.error} if self.error else {"code": code}
        return 302, f"{query['redirect_uri']}?{urlencode({**answer, 'state': query['state']})}"

    def _exchange(self, form: dict[str, str], authorization: str) -> tuple[int, str]:
        asked = self._codes.pop(form["code"], None)
        if asked is None:
            return 400, json.dumps({"error": "invalid_grant"})
        assert form["redirect_uri"] == asked["redirect_uri"]
        assert _base64(sha256(form["code_verifier"].encode()).digest()) == asked["code_challenge"]
        sent = f"{form['client_id']}:{form['client_secret']}" if "client_secret" in form else _decoded(authorization)
        assert sent == f"{CLIENT_ID}:{CLIENT_SECRET}"
        now = int(time())
        claims = {"iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 300, "nonce": asked["nonce"]}
        claims |= {**({"auth_time": now} if "max_age" in asked else {}), **self.claims, **self.id_token}
        id_token = self.sign({name: value for name, value in claims.items() if value is not None})
        tokens = {"access_token": "an access token", "token_type": "Bearer", "expires_in": 300, "id_token": id_token}
        return 200, json.dumps(tokens)


@contextmanager
def openid_provider() -> Iterator[FakeProvider]:
    """Serve a provider on a port of its own."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(urlsplit(self.path).query)

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers["Content-Length"])).decode())

        def _answer(self, query: str) -> None:
            values = {name: value for name, (value,) in parse_qs(query).items()}
            status, text = provider.answer(urlsplit(self.path).path, values, self.headers.get("Authorization", ""))
            body = text.encode() if status != 302 else b""
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            if status == 302:
                self.send_header("Location", text)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        provider = FakeProvider(f"http://127.0.0.1:{httpd.server_port}")
        Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield provider
        httpd.shutdown()


def _unsigned(algorithm: str, claims: Claims) -> str:
    header = {"alg": algorithm, "kid": "2026", "typ": "JWT"}
    return ".".join(_base64(json.dumps(part).encode()) for part in (header, claims))


def _decoded(authorization: str) -> str:
    return b64decode(authorization.removeprefix("Basic ")).decode()


def _base64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
