"""Several servers and workers on one database behind the proxy that ships, as compose.yaml has them."""

import re
import shutil
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from iwmo_gateway.gateway.access import create_token
from iwmo_gateway.gateway.context import open_gateway
from iwmo_gateway.settings import Settings
from iwmo_gateway.store.parties import TokenRole
from tests.acceptance.processes import PATIENCE, Running, bearer, free_port, running, serving, until
from tests.conftest import SECRET
from tests.integration.test_http_builders import AANBIEDER, GEMEENTE, allocation

ROOT = Path(__file__).parents[2]
CONFIG = (ROOT / "deploy" / "haproxy.cfg").read_text(encoding="utf-8")
HAPROXY = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin:/usr/local/sbin")
needs_haproxy = pytest.mark.skipif(HAPROXY is None, reason="haproxy is not installed: apt-get install haproxy")
on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def services() -> dict[str, Any]:
    told = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    found: dict[str, Any] = told["services"]
    return found


def test_compose_has_two_of_each_and_shows_the_proxy_alone() -> None:
    found = services()
    serves = {name for name, service in found.items() if service.get("command") == "serve"}
    workers = sum(
        service.get("deploy", {}).get("replicas", 1) for service in found.values() if service.get("command") == "worker"
    )
    assert (len(serves), workers) == (2, 2)
    assert {name for name, service in found.items() if "ports" in service} == {"proxy"}
    assert (
        set(re.findall(r"^ +server (\S+) \1:8080$", CONFIG, re.MULTILINE))
        == serves
        == set(found["proxy"]["depends_on"])
    )
    for name in (*serves, "worker"):
        assert found[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    mounted = [volume.split(":")[0] for volume in found["proxy"]["volumes"]]
    assert all((ROOT / path).is_file() for path in mounted)


def test_the_proxy_waits_longer_than_any_call_may() -> None:
    (seconds,) = re.findall(r"timeout server (\d+)s", CONFIG)
    assert int(seconds) > 30
    (most,) = re.findall(r"content-length\) gt (\d+)", CONFIG)
    assert int(most) > Settings.model_fields["max_message_bytes"].default


@contextmanager
def behind_the_proxy(folder: Path, settings: dict[str, str]) -> Iterator[tuple[list[Running], httpx2.Client]]:
    """Two servers, and a client that speaks to the proxy before them."""
    port = free_port()
    with ExitStack() as stack:
        servers, config = [], CONFIG.replace("bind :8080", f"bind 127.0.0.1:{port}")
        for name in ("gateway-1", "gateway-2"):
            server, client = stack.enter_context(serving(folder, **settings))
            servers.append(server)
            config = config.replace(f"{name}:8080", f"127.0.0.1:{client.base_url.port}")
        path = folder / "haproxy.cfg"
        path.write_text(config, encoding="utf-8")
        proxy = stack.enter_context(running(folder, "-db", "-f", str(path), program=[str(HAPROXY)]))
        client = stack.enter_context(httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE))

        def listens() -> bool:
            try:
                return client.get("/v1/problems/token").status_code == 200
            except httpx2.TransportError:
                return False

        until("The proxy listens", listens, proxy)
        yield servers, client


@needs_haproxy
@on_postgresql
def test_calls_go_to_whichever_server_is_there(settings: Settings, tmp_path: Path) -> None:
    gateway = open_gateway(settings)
    token = {
        party: bearer(create_token(gateway, TokenRole.PARTY, party, "test", datetime.now(UTC)))
        for party in (GEMEENTE, AANBIEDER)
    }
    gateway.close()
    told = {"IWMO_DATABASE_URL": settings.database_url, "IWMO_SECRET_KEY": SECRET}
    with behind_the_proxy(tmp_path, told) as (servers, client), running(tmp_path, "worker", **told) as worker:

        def send(nr: int, **headers: str) -> httpx2.Response:
            body = allocation(f"T{nr}", 710000 + 2 * nr, 710001 + 2 * nr)
            sender = {"Content-Type": "application/xml", **token[GEMEENTE], **headers}
            return client.post("/v1/berichten", content=body, headers=sender)

        with ThreadPoolExecutor(4) as threads:
            # A call that waits for the mailbox is held open by the proxy, and ends when something comes.
            waits = threads.submit(client.get, "/v1/mailbox?wait=30", headers=token[AANBIEDER])
            assert {answer.status_code for answer in threads.map(send, range(12))} == {201}
            assert waits.result().json()["berichten"]
        assert all('"/v1/berichten"' in server.said for server in servers)

        later = send(12, Prefer="respond-async")
        assert later.status_code == 202
        until(
            "The worker judged it",
            lambda: client.get(later.headers["location"], headers=token[GEMEENTE]).json()["status"] == "accepted",
            worker,
        )

        servers[0].kill()
        assert {send(nr).status_code for nr in range(13, 20)} == {201}

        assert client.get("/metrics").status_code == 404
        assert refused_at_once(client.base_url.port, 2**30).startswith(b"HTTP/1.1 413 ")


def refused_at_once(port: int | None, length: int) -> bytes:
    """What is said to the mere head of a call with a body of so many bytes."""
    head = f"POST /v1/berichten HTTP/1.1\r\nHost: test\r\nContent-Length: {length}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port or 0), timeout=PATIENCE) as connection:
        connection.sendall(head.encode())
        return connection.recv(1024)
