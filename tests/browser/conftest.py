"""A real browser before a gateway that was told the demo's story; every page is held to what holds of all of them."""

import os
import shutil
import threading
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from iwmo_gateway.gateway import contracts
from iwmo_gateway.gateway.access import Caller, create_token
from iwmo_gateway.gateway.context import Gateway, open_gateway
from iwmo_gateway.settings import Settings
from iwmo_gateway.shipped import shipped
from iwmo_gateway.standard.days import AMSTERDAM
from iwmo_gateway.store.parties import TokenRole
from iwmo_gateway.web.server import server_of
from tests.conftest import SECRET, TODAY

CHROMIUM: Final = os.environ.get("IWMO_TEST_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
SHOTS: Final = Path(os.environ.get("IWMO_TEST_SCREENSHOTS", "var/screenshots"))
DESKTOP: Final = {"width": 1280, "height": 900}
PHONE: Final = {"width": 375, "height": 812}
NARROW: Final = {"width": 320, "height": 256}
"""A desktop at 400 % (WCAG 1.4.10)."""
_QUIET: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

expect.set_options(timeout=30_000)  # a machine that has much else to do is slow, not wrong


@dataclass
class Site:
    """A served gateway with the demo's story in it, and tokens of who may look at it."""

    gateway: Gateway
    address: str
    tokens: dict[str, str]
    messages: dict[str, str] = field(default_factory=dict)
    """The id of each message of the story, by the name of its file."""

    def client(self, who: str) -> httpx2.Client:
        """A client of the API as one of the tokens."""
        return httpx2.Client(base_url=self.address, headers={"Authorization": f"Bearer {self.tokens[who]}"})


@dataclass
class Visitor:
    """Somebody at a browser: what their pages said on the console, and which other hosts they asked for."""

    page: Page
    address: str
    scripted: bool
    complaints: list[str] = field(default_factory=list)

    def sign_in(self, token: str, to: str = "") -> None:
        """Sign in with a token, from the page that was asked for."""
        self.page.goto(f"{self.address}/console{to or '/'}")
        self.page.get_by_label("Token", exact=True).fill(token)
        self.page.get_by_role("button", name="Aanmelden").click()
        self.page.wait_for_load_state()

    def goto(self, path: str) -> None:
        self.page.goto(f"{self.address}/console{path}")

    def fine(self, name: str) -> None:
        """Holds the page to what holds of all: axe finds nothing, nothing complained, no other host was asked.

        Nothing sticks out at the side, at 400 % neither. Keeps a screenshot at desktop and phone width.
        """
        self.page.wait_for_load_state()  # a form leads on before the style of its page is there
        assert self.complaints == []
        self._fits(name, NARROW)
        for kind, size in (("desktop", DESKTOP), ("phone", PHONE)):
            self._fits(name, size)
            if self.scripted:
                found = Axe().run(self.page)
                assert found.violations_count == 0, found.generate_report()
            SHOTS.mkdir(parents=True, exist_ok=True)
            self.page.screenshot(
                path=SHOTS / f"{name}-{kind}{'' if self.scripted else '-no-script'}.png", full_page=True
            )
        self.page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]

    def _fits(self, name: str, size: Mapping[str, int]) -> None:
        self.page.set_viewport_size(size)  # type: ignore[arg-type]
        if self.scripted:
            wide = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wide <= 0, f"{name} is {wide} pixels wider than {size['width']}"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, or the one of IWMO_TEST_CHROMIUM; skips where there is none."""
    if CHROMIUM is None:
        pytest.skip("No Chromium: install Debian's package `chromium`, or name one in IWMO_TEST_CHROMIUM")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=list(_QUIET))
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A gateway on SQLite that was told the demo's story, served on a port of its own; one for each module."""
    database = tmp_path_factory.mktemp("browser") / "iwmo.db"
    gateway = open_gateway(
        Settings(_env_file=None, database_url=f"sqlite:///{database}", secret_key=SECRET, sandbox=True, receivers="any")
    )
    gateway.database.migrate()
    gateway.warm_up()
    story = shipped("fixtures") / "verhaal"
    told = tomllib.loads((story / "verhaal.toml").read_text(encoding="utf-8"))
    operator = Caller(TokenRole.OPERATOR, None, "operator:test", TODAY)
    contracts.load(gateway, operator, contracts.check_file(contracts.file_of(told["contract"])))
    now = datetime.now(UTC)
    parties = sorted({step["afzender"] for step in told["stap"]})
    tokens = {party: create_token(gateway, TokenRole.PARTY, party, "test", now) for party in parties}
    tokens |= {str(role): create_token(gateway, role, None, "test", now) for role in TokenRole if role != "party"}
    with served(gateway) as address:
        made = Site(gateway, address, tokens)
        for step in told["stap"]:
            moment = datetime.combine(step["ontvangen"], time(10), AMSTERDAM).isoformat()
            headers = {"Content-Type": "application/xml", "X-Received-At": moment}
            with made.client(step["afzender"]) as client:
                body = (story / step["bestand"]).read_bytes()
                said = client.post("/v1/berichten", content=body, headers=headers).json()
            made.messages.setdefault(step["bestand"], said["id"])
        yield made
    gateway.close()


@pytest.fixture(params=["script", "no script"])
def visitor(request: pytest.FixtureRequest, browser: Browser, site: Site) -> Iterator[Visitor]:
    """Somebody at a browser with script, and at one without."""
    with visiting(browser, site, scripted=request.param == "script") as one:
        yield one


@contextmanager
def visiting(browser: Browser, site: Site, *, scripted: bool = True, **how: Any) -> Iterator[Visitor]:
    """Somebody at a browser of their own; at the end nothing may have complained."""
    context = browser.new_context(java_script_enabled=scripted, viewport=DESKTOP, locale="nl-NL", **how)
    page = context.new_page()
    one = Visitor(page, site.address, scripted)
    host = urlsplit(site.address).netloc
    page.on("console", lambda said: one.complaints.append(said.text) if said.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: one.complaints.append(str(error)))
    page.on(
        "request",
        lambda asked: one.complaints.append(asked.url) if urlsplit(asked.url).netloc not in {host, ""} else None,
    )
    try:
        yield one
        assert one.complaints == []
    finally:
        context.close()


@contextmanager
def served(gateway: Gateway) -> Iterator[str]:
    """The gateway on a free port, in a thread, until the block ends."""
    server = server_of(gateway, "127.0.0.1", 0)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    pause = threading.Event()
    while not server.started and thread.is_alive():
        pause.wait(0.02)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)
