"""An OpenID provider for tests: it vouches for whoever it is told to, and lies where it is told to."""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any, Final
from urllib.parse import unquote, urlencode

import uvicorn
from fastapi import FastAPI, Form, Request
from fastapi.responses import JSONResponse, RedirectResponse
from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "iwmo console", "s3cret/of:tests"
_KEY: Final = RSAKey.generate_key(2048, {"kid": "right"})
_OTHER: Final = RSAKey.generate_key(2048, {"kid": "right"})


@dataclass
class FakeProvider:
    """What it says. `lies` replaces claims (None leaves one out), `broken` are the endpoints that fail."""

    address: str = ""
    subject: str = "sub-1"
    lies: dict[str, Any] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    forged: bool = False
    unsigned: bool = False
    refuses: bool = False
    asked: dict[str, dict[str, str]] = field(default_factory=dict)
    """What was asked for each code that was not used yet."""
    offers: list[str] | None = None

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.get("/.well-known/openid-configuration", response_model=None)
        def configuration() -> dict[str, Any] | JSONResponse:
            if "configuration" in self.broken:
                return JSONResponse({}, 500)
            ends = {name: f"{self.address}/{path}" for name, path in (("authorization_endpoint", "authorize"),
                    ("token_endpoint", "token"), ("jwks_uri", "jwks"))}  # fmt: skip
            offers = {"token_endpoint_auth_methods_supported": self.offers} if self.offers else {}
            issuer = "https://elsewhere.example" if "issuer" in self.broken else self.address
            return {"issuer": issuer, **ends, **offers}

        @app.get("/authorize")
        def authorize(request: Request) -> RedirectResponse:
            asked = dict(request.query_params)
            assert (asked["response_type"], asked["client_id"], asked["scope"]) == ("code", CLIENT, "openid")
            back = {"state": asked["state"]}
            if self.refuses:
                back |= {"error": "access_denied"}
            else:
                back |= {"code": (code := secrets.token_urlsafe(8))}
                self.asked[code] = asked
            return RedirectResponse(f"{asked['redirect_uri']}?{urlencode(back)}", 303)

        @app.post("/token")
        def token(
            request: Request,
            code: Annotated[str, Form()],
            code_verifier: Annotated[str, Form()],
            redirect_uri: Annotated[str, Form()],
            client_id: Annotated[str, Form()] = "",
            client_secret: Annotated[str, Form()] = "",
        ) -> JSONResponse:
            asked = self.asked.pop(code, None)
            given = (client_id, client_secret)
            if basic := request.headers.get("authorization"):
                given = tuple(map(unquote, base64.b64decode(basic.removeprefix("Basic ")).decode().split(":", 1)))
            challenge = base64.urlsafe_b64encode(hashlib.sha256(code_verifier.encode()).digest()).rstrip(b"=").decode()
            right = asked is not None and (challenge, redirect_uri) == (asked["code_challenge"], asked["redirect_uri"])
            if "token" in self.broken or not right or asked is None or given != (CLIENT, SECRET):
                return JSONResponse({"error": "invalid_grant"}, 400)
            return JSONResponse({"id_token": self._id_token(asked["nonce"]), "token_type": "Bearer"})

        @app.get("/jwks")
        def keys() -> dict[str, Any]:
            return {"keys": [_KEY.as_dict(private=False)]}

        return app

    def _id_token(self, nonce: str) -> str:
        now = int(time.time())
        claims = {
            "iss": self.address, "aud": CLIENT, "sub": self.subject, "nonce": nonce, "iat": now, "exp": now + 300,
        }  # fmt: skip
        told = {name: value for name, value in (claims | self.lies).items() if value is not None}
        if self.unsigned:
            parts = ('{"alg":"none"}', json.dumps(told))
            return ".".join(base64.urlsafe_b64encode(part.encode()).rstrip(b"=").decode() for part in parts) + "."
        return jwt.encode({"alg": "RS256", "kid": "right"}, told, _OTHER if self.forged else _KEY)


@contextmanager
def provided() -> Iterator[FakeProvider]:
    """A provider on a port of its own, until the block ends."""
    fake = FakeProvider()
    server = uvicorn.Server(uvicorn.Config(fake.app(), host="127.0.0.1", port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    pause = threading.Event()
    while not server.started and thread.is_alive():
        pause.wait(0.02)
    fake.address = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    try:
        yield fake
    finally:
        server.should_exit = True
        thread.join(20)
