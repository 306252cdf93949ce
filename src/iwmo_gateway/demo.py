"""The demo: a gateway of its own in a sandbox, a story told over real HTTP, and what each user would see of it."""

import os
import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any, Final

import httpx2
import structlog
from lxml import etree
from rich.console import Console
from rich.table import Table

from iwmo_gateway.contract.amounts import euro
from iwmo_gateway.contract.prose import rows
from iwmo_gateway.contract.volumes import unit_name
from iwmo_gateway.errors import GatewayError
from iwmo_gateway.gateway import contracts
from iwmo_gateway.gateway.access import Caller, create_token
from iwmo_gateway.gateway.context import Gateway, open_gateway
from iwmo_gateway.retour.building import APPROVED, NO_REMARK, NOT_JUDGED, REJECTED
from iwmo_gateway.settings import Settings
from iwmo_gateway.shipped import shipped
from iwmo_gateway.standard.days import AMSTERDAM
from iwmo_gateway.standard.declaraties import Declaratiebericht, Prestatie
from iwmo_gateway.standard.reading import to_bericht
from iwmo_gateway.standard.xml import Unreadable, local_name, read
from iwmo_gateway.store.parties import TokenRole
from iwmo_gateway.web.server import server_of
from iwmo_gateway.worker import working_beside

_START_SECONDS: Final = 20
_MEANING: Final = {
    REJECTED: "bericht afgekeurd, zie de bevinding",
    APPROVED: "volledig toegekend",
    NO_REMARK: "geen opmerking",
    NOT_JUDGED: "niet beoordeeld",
}


def run(out: Console, folder: Path, port: int) -> None:
    """Tell the story, then serve until Ctrl-C; with DEMO_EXIT=1 in the environment only tell it.

    Every run begins with an empty database in `folder`, so that it tells the same story each time.
    """
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("WARNING"))
    story = shipped("fixtures") / "verhaal"
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("demo.db*"):
        old.unlink()
    gateway = open_gateway(Settings(database_url=f"sqlite:///{folder / 'demo.db'}", sandbox=True, port=port))
    gateway.database.migrate()
    gateway.warm_up()
    told = tomllib.loads((story / "verhaal.toml").read_text(encoding="utf-8"))
    steps = told["stap"]
    tokens = _tokens(gateway, {step["afzender"] for step in steps})
    with _served(gateway, port) as (address, server):
        out.print(f"[bold]iwmo_gateway[/] draait op {address} met een database in {folder}\n")
        _load_contract(out, gateway, told["contract"])
        with httpx2.Client(base_url=address, timeout=30) as client:
            for number, step in enumerate(steps, 1):
                _tell(out, client, number, step, (story / step["bestand"]).read_bytes(), tokens[step["afzender"]])
            for party in tokens:
                _show_mailbox(out, client, party, tokens[party])
        if os.environ.get("DEMO_EXIT") == "1":
            return
        out.print("[bold]Zelf proberen[/] (Ctrl-C stopt):")
        out.print(f"  de console: {address}/console, aan te melden met een token", soft_wrap=True)
        for party, token in tokens.items():
            out.print(f"  token van {party}: {token}", soft_wrap=True)
        out.print(f"  curl -H 'Authorization: Bearer {tokens['0340']}' {address}/v1/mailbox", soft_wrap=True)
        search = f"{address}/v1/berichten?declaratie_nummer=D202303"
        out.print(f"  curl -H 'Authorization: Bearer {tokens['65656055']}' {search}", soft_wrap=True)
        try:
            server.join()
        except KeyboardInterrupt:
            out.print("\nGestopt.")


def _tokens(gateway: Gateway, parties: set[str]) -> dict[str, str]:
    now = datetime.now(UTC)
    return {party: create_token(gateway, TokenRole.PARTY, party, "demo", now) for party in sorted(parties)}


def _load_contract(out: Console, gateway: Gateway, name: str) -> None:
    """Load the contract of the story as `contract load` does, and say what that means."""
    caller = Caller(TokenRole.OPERATOR, None, "operator:demo", datetime.now(UTC))
    loaded, _ = contracts.load(gateway, caller, contracts.check_file(contracts.file_of(name)))
    profiel = contracts.shown(gateway, loaded.identity)
    out.rule("Vooraf: het contract van de gemeente", align="left")
    out.print(f"iwmo-gateway contract load {name}   {loaded.identity} is geladen")
    out.print(
        f"Begint de productperiode van een declaratieregel aan gemeente {', '.join(profiel.gemeenten)} van "
        f"{profiel.vanaf} t/m {profiel.tot_en_met},\n"
        f"dan moeten product, eenheid en tarief die van dit contract zijn: {profiel.naam}."
    )
    out.print(f"  tarieven in euro: {', '.join(f'{code} {tarief}' for code, _, _, _, tarief, *_ in rows(profiel))}\n")


@contextmanager
def _served(gateway: Gateway, port: int) -> Iterator[tuple[str, threading.Thread]]:
    """The gateway on a real port, until the block ends."""
    server = server_of(gateway, "127.0.0.1", port)
    ready = threading.Event()
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    for _ in range(_START_SECONDS * 20):
        if server.started or not thread.is_alive():
            break
        ready.wait(0.05)
    if not server.started:
        raise GatewayError(f"The demo cannot listen on port {port}; choose another with PORT=… make demo")
    bound = server.servers[0].sockets[0].getsockname()[1]
    try:
        with working_beside(gateway):
            yield f"http://127.0.0.1:{bound}", thread
    finally:
        server.should_exit = True
        thread.join(_START_SECONDS)
        gateway.close()


def _tell(out: Console, client: httpx2.Client, number: int, step: dict[str, Any], body: bytes, token: str) -> None:
    """Send one message of the story, and show what its sender sees."""
    day: date = step["ontvangen"]
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/xml",
        "X-Received-At": datetime.combine(day, time(10), AMSTERDAM).isoformat(),
    }
    out.rule(f"{number}. {step['titel']}", align="left")
    out.print(f"POST /v1/berichten   {step['bestand']}   van {step['afzender']}, ontvangen {day}")
    _show_lines(out, body)
    answer = client.post("/v1/berichten", content=body, headers=headers)
    said = answer.json()
    out.print(f"HTTP {answer.status_code}", end="   ")
    if answer.status_code == 422:
        out.print(f"{said['code']}: {said['detail']}   id {said['id']}")
        _show_faults(out, said["errors"])
        out.print(f"Wat nu: {said['remedie']}\n")
        return
    again = " (het eerste resultaat nog eens)" if answer.status_code == 200 else ""
    out.print(f"{said['soort']} [bold]{said['status']}[/]{again}   id {said['id']}")
    if said["bedragen"]:
        ingediend, toegekend = (euro(said["bedragen"][name]) for name in ("ingediend", "toegekend"))
        out.print(f"Bedragen: {ingediend} euro ingediend, [bold]{toegekend} euro toegekend[/]")
    _show_faults(out, said["bevindingen"])
    retour = client.get(f"/v1/berichten/{said['id']}/retour", headers={"Authorization": headers["Authorization"]})
    _show_retour(out, said["retour"]["soort"], retour.content)
    if "wat_nu" in step:
        out.print(f"Wat nu: {step['wat_nu']}", soft_wrap=True)
    out.print()


def _show_lines(out: Console, body: bytes) -> None:
    """What a claim asks, line by line; nothing of any other message."""
    document = read(body)
    if isinstance(document, Unreadable) or document.soort.code != "WMO323":
        return
    bericht = to_bericht(document)
    for prestatie in bericht.prestaties if isinstance(bericht, Declaratiebericht) else ():
        out.print(_line(prestatie), markup=False, soft_wrap=True)


def _line(prestatie: Prestatie) -> str:
    volume = f"{prestatie.geleverd_volume} {unit_name(prestatie.eenheid)}"
    tarief, bedrag = euro(prestatie.product_tarief or 0), euro(prestatie.ingediend.signed)
    credit = f"   credit van {prestatie.vorige}" if prestatie.is_credit else ""
    what = f"{prestatie.referentie}  {prestatie.toewijzing_nummer} {prestatie.product_code}"
    return f"  {what}  {prestatie.product_periode}  {volume:>11} × {tarief} = {bedrag:>9}{credit}"


def _show_faults(out: Console, faults: list[dict[str, Any]]) -> None:
    for fault in faults:
        code = " ".join(part for part in (fault.get("regel"), fault.get("retourcode")) if part)
        what = {"signal": " (signaal)", "review": " (aangehouden)"}.get(fault.get("actie", ""), "")
        where = f"  [contract: {fault['artikel']}]" if fault.get("artikel") else ""
        out.print(f"  [red]{code or 'schema'}[/]{what} regel {fault['regelnummer']}  {fault['pad']}", soft_wrap=True)
        if where:
            out.print(f"   {where}", markup=False, soft_wrap=True)
        out.print(f"     {fault['tekst']}", markup=False, soft_wrap=True)
        out.print(f"     verwacht: {fault['verwacht']}", markup=False, soft_wrap=True)
        out.print(f"     gevonden: {fault['gevonden'] or '-'}", markup=False, soft_wrap=True)


def _show_retour(out: Console, soort: str, xml: bytes) -> None:
    """The return message by its codes: which class got which."""
    document = read(xml)
    codes = [] if isinstance(document, Unreadable) else list(_retour_codes(document.root, ""))
    told = "zonder retourcodes: alles is goed" if not codes else ""
    out.print(f"Retourbericht {soort} ({len(xml)} bytes) {told}", soft_wrap=True)
    for place, code in codes:
        out.print(f"  {code}  {_MEANING.get(code, 'zie de bevinding')}  {place}", soft_wrap=True)


def _retour_codes(element: "etree._Element", place: str) -> Iterator[tuple[str, str]]:
    for child in element:
        name = local_name(child)
        if name == "RetourCodes":
            yield from ((place + _reference(element), code.text or "") for code in child)
        else:
            yield from _retour_codes(child, f"{place}/{name}")


def _reference(element: "etree._Element") -> str:
    """The number by which its sender knows a line of a claim."""
    named = element.iter("{*}ReferentieNummer") if local_name(element) == "Prestatie" else ()
    return "".join(f" {number.text}" for number in named)


def _show_mailbox(out: Console, client: httpx2.Client, party: str, token: str) -> None:
    waits = client.get("/v1/mailbox", headers={"Authorization": f"Bearer {token}"}).json()["berichten"]
    table = Table("nr", "soort", "van", "antwoord op", title=f"Mailbox van {party}", title_justify="left")
    for entry in waits:
        table.add_row(str(entry["nr"]), entry["soort"], entry["afzender"], entry["antwoord_op"] or "")
    out.print(table)
