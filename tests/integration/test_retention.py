"""What was kept for its term goes, and nothing else; what went says so everywhere."""

import json
from datetime import date, datetime
from pathlib import Path

import pytest
from sqlalchemy import text, update

from iwmo_gateway.errors import ConfigurationError
from iwmo_gateway.gateway import keys, retention
from iwmo_gateway.gateway.bewaartermijnen import WETTELIJK, Termijn, Termijnen, termijnen, until
from iwmo_gateway.gateway.purging import Part, Report
from iwmo_gateway.settings import Settings
from iwmo_gateway.store.tables import mailbox
from tests.acceptance.processes import run
from tests.cases import noon
from tests.conftest import SECRET, Callers
from tests.integration.test_http_builders import (
    AANBIEDER,
    GEMEENTE,
    Json,
    allocation,
    crowded_start,
    day,
    lone_start,
    served,
    start,
)
from tests.integration.test_http_builders import mailbox as read

TERMS = """
[[termijn]]
statussen = ["invalid", "rejected"]
maanden = 3

[[termijn]]
soorten = ["301"]
maanden = 24

[[termijn]]
maanden = 12
"""
END = {"Einddatum": "2023-06-30"}
"""The last day of the allocations of the fixture."""


@pytest.fixture
def terms(tmp_path: Path) -> Path:
    file = tmp_path / "bewaren.toml"
    file.write_text(TERMS, encoding="utf-8")
    return file


def purged(call: Callers, terms: Path, moment: datetime, *, dry_run: bool = False) -> dict[tuple[str, str], int]:
    """What goes at a moment, by kind and status."""
    return counted(reported(call, terms, moment, dry_run=dry_run), Part.INHOUD)


def reported(call: Callers, terms: Path, moment: datetime, *, dry_run: bool = False) -> Report:
    """What is told of a purge at a moment."""
    with served(call, retention=terms) as other:
        return retention.purge(other.gateway, "operator:test", moment, dry_run=dry_run)


def counted(report: Report, part: Part) -> dict[tuple[str, str], int]:
    """How many messages went of one part, by kind and status."""
    return {kind: each.berichten for kind, each in report.delen[part].gaat.items()}


def fetched(call: Callers) -> None:
    """Everybody has read what waits for him."""
    with call.gateway.database.writing() as transaction:
        transaction.execute(update(mailbox).where(mailbox.c.fetched_at.is_(None)).values(fetched_at=day("2023-03-10")))


def taken(call: Callers) -> dict[str, Json]:
    """A 301 until a day, a start on it, one refused, and one that belongs to no allocation, all of them read."""
    said = {
        "301": call.send(GEMEENTE, allocation(**END)).json(),
        "start": call.send(AANBIEDER, start(), day("2023-02-08")).json(),
        "refused": call.send(AANBIEDER, start("ONBEKEND", 799999), day("2023-02-08")).json(),
        "lone": call.send(AANBIEDER, lone_start("LOS"), day("2023-02-08")).json(),
    }
    fetched(call)
    return said


def there(call: Callers, said: Json) -> int:
    return call.get("operator", f"/v1/berichten/{said['id']}/xml").status_code


def test_a_term_counts_from_the_end_of_the_allocation_or_from_the_receipt(call: Callers, terms: Path) -> None:
    said = taken(call)
    assert {said[name]["status"] for name in ("301", "start", "lone")} == {"accepted"}
    assert purged(call, terms, day("2023-05-07")) == {}
    assert purged(call, terms, day("2023-05-08")) == {("WMO305", "rejected"): 1}
    assert purged(call, terms, day("2024-02-08")) == {("WMO305", "accepted"): 1}
    assert there(call, said["lone"]) == 410
    assert purged(call, terms, day("2024-06-29")) == {}
    assert purged(call, terms, day("2024-06-30")) == {("WMO305", "accepted"): 1}
    assert (there(call, said["start"]), there(call, said["301"])) == (410, 200)
    assert purged(call, terms, day("2025-06-30"), dry_run=True) == {("WMO301", "accepted"): 1}
    assert there(call, said["301"]) == 200
    assert purged(call, terms, day("2025-06-30")) == {("WMO301", "accepted"): 1}
    assert purged(call, terms, day("2099-01-01")) == {}


def test_an_allocation_without_an_end_is_kept_and_a_newer_end_counts(call: Callers, terms: Path) -> None:
    said = call.send(GEMEENTE, allocation(**END)).json()
    later = {"Einddatum": "2023-12-31", "Toewijzingsdatum": "2023-02-20", "Dagtekening": "2023-02-20"}
    body = allocation("VERLENGD", **later)
    longer = call.send(GEMEENTE, body, day("2023-02-21")).json()
    assert longer["status"] == "accepted", longer["bevindingen"]
    fetched(call)
    assert purged(call, terms, day("2025-06-30")) == {}
    assert purged(call, terms, day("2025-12-31")) == {("WMO301", "accepted"): 2}
    assert there(call, said) == 410


def test_what_nobody_has_read_is_there_until_he_has(call: Callers, terms: Path) -> None:
    said = taken(call)
    with call.gateway.database.writing() as transaction:
        unread = (said["refused"]["retour"]["id"], said["lone"]["id"])
        transaction.execute(update(mailbox).where(mailbox.c.message.in_(unread)).values(fetched_at=None))
    assert purged(call, terms, day("2024-06-30")) == {("WMO305", "accepted"): 1}
    kept = reported(call, terms, day("2024-06-30"), dry_run=True).delen[Part.INHOUD].blijft
    assert {kind: (one.berichten, one.wacht) for kind, one in kept.items()} == {
        ("WMO301", "accepted"): (1, 0),
        ("WMO305", "rejected"): (1, 1),
        ("WMO305", "accepted"): (1, 1),
    }
    for party in (GEMEENTE, AANBIEDER):
        for entry in read(call, party):
            assert call.put(party, f"/v1/mailbox/{entry['nr']}/acknowledged").status_code == 204
    assert purged(call, terms, day("2024-06-30")) == {("WMO305", "rejected"): 1, ("WMO305", "accepted"): 1}


def test_what_went_says_so_everywhere(call: Callers, terms: Path) -> None:
    said = taken(call)
    purged(call, terms, noon(day("2023-09-01").date()))
    refused = said["refused"]
    path = f"/v1/berichten/{refused['id']}"
    answer = call.get(AANBIEDER, f"{path}/xml")
    assert (answer.status_code, answer.json()["code"]) == (410, "opgeruimd")
    assert call.get(AANBIEDER, f"{path}/retour").status_code == 410
    result = call.get(AANBIEDER, path).json()
    assert "opgeruimd" in result["toelichting"]
    assert result["bevindingen"] == refused["bevindingen"]
    (event,) = [
        one for one in call.get("operator", f"{path}/oordelen").json()["gebeurtenissen"] if one["event"] == "purged"
    ]
    assert event["actor"] == "operator:test"
    # Sent again it is there again.
    again = call.send(AANBIEDER, start("ONBEKEND", 799999), day("2023-09-02")).json()
    assert again["id"] == refused["id"]
    assert there(call, refused) == 200


def test_keys_rotate_past_what_went(call: Callers, terms: Path) -> None:
    said = taken(call)
    purged(call, terms, day("2099-01-01"))
    call.gateway.warm_up()
    call.gateway.keyring._keys[2] = call.gateway.keyring._keys[1]
    call.gateway.keyring._ciphers[2] = call.gateway.keyring._ciphers[1]
    keys.add(call.gateway, day("2099-01-01"))
    sum(keys.rotate(call.gateway))
    assert there(call, said["start"]) == 410


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", r"no \[\[termijn\]\]"),
        ("[[termijn]]\nmaand = 3", "termijn 1"),
        ("[[termijn]]\nmaanden = 0", "maanden"),
        ('[[termijn]]\nmaanden = 3\nsoorten = "301"', "soorten"),
        ('[[termijn]]\nmaanden = 3\nstatussen = ["weg"]', "statussen"),
        ("[[termijn", "cannot be read"),
        ("[[termijn]]\nmaanden = 3\n[[feit]]\nmaanden = 3", "something else"),
        ("[[termijn]]\nmaanden = 3\n[[feiten]]\nmaanden = 0", "feiten 1"),
        ("[[termijn]]\nmaanden = 181", "before its bytes"),
        ('[[termijn]]\nmaanden = 4\n[[feiten]]\nstatussen = ["rejected"]\nmaanden = 3', "a 301 that is rejected"),
    ],
)
def test_terms_that_cannot_be_used_are_told(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "bewaren.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=said):
        termijnen(file)
    with pytest.raises(ConfigurationError, match="IWMO_RETENTION"):
        termijnen(None)


def test_the_first_term_that_fits_counts(terms: Path) -> None:
    assert termijnen(terms) == Termijnen(
        (
            Termijn(3, statussen=frozenset({"invalid", "rejected"})),
            Termijn(24, soorten=frozenset({"301"})),
            Termijn(12),
        ),
        (WETTELIJK,),
    )


@pytest.mark.parametrize(
    ("since", "months", "goes"),
    [
        ("2023-06-30", 12, "2024-06-30"),
        ("2023-01-31", 1, "2023-03-01"),
        ("2024-02-29", 12, "2025-03-01"),
        ("2023-12-31", 180, "2038-12-31"),
        ("9999-12-31", 180, "9999-12-31"),
    ],
)
def test_a_term_is_over_on_the_same_day_or_the_first_after_it(since: str, months: int, goes: str) -> None:
    assert until([Termijn(months)], "WMO301", "accepted", date.fromisoformat(since)) == date.fromisoformat(goes)


def test_the_command_tells_first_and_asks(call: Callers, settings: Settings, terms: Path, tmp_path: Path) -> None:
    said = taken(call)
    on = {"IWMO_DATABASE_URL": settings.database_url, "IWMO_SECRET_KEY": SECRET, "IWMO_RETENTION": str(terms)}
    told = run(tmp_path, "purge", "--dry-run", "--json", **on)
    assert told.returncode == 0, told.stderr
    report = json.loads(told.stdout)
    assert report["dry_run"] is True
    rows = {(row["deel"], row["soort"], row["status"]): row["berichten"] for row in report["opgeruimd"]}
    assert rows[("inhoud", "WMO305", "rejected")] == 1
    asked = run(tmp_path, "purge", **on)
    assert (asked.returncode, asked.stdout) == (2, "")
    assert "--yes" in asked.stderr
    assert there(call, said["refused"]) == 200
    kept = {(row["deel"], row["soort"]): row["blijft"] for row in report["opgeruimd"] if row["blijft"]}
    assert kept[("feiten", "WMO301")]["wacht"] == 0
    assert {report[name] for name in ("toewijzingen", "proefselecties")} == {0}
    assert "rejected" in run(tmp_path, "purge", "--yes", **on).stdout
    assert there(call, said["refused"]) == 410
    unset = run(tmp_path, "purge", **{name: value for name, value in on.items() if name != "IWMO_RETENTION"})
    assert (unset.returncode, unset.stderr.count("\n")) == (2, 1)


def test_an_embedded_database_gives_the_room_of_what_went_back(
    call: Callers, settings: Settings, terms: Path, tmp_path: Path
) -> None:
    if not call.gateway.database.embedded:
        pytest.skip("PostgreSQL uses the room again by itself")
    refused = call.send(AANBIEDER, crowded_start(600), day("2023-02-08")).json()
    fetched(call)
    on = {"IWMO_DATABASE_URL": settings.database_url, "IWMO_SECRET_KEY": SECRET, "IWMO_RETENTION": str(terms)}
    gone = run(tmp_path, "purge", "--yes", **on)
    assert (gone.returncode, gone.stderr) == (0, "")
    assert there(call, refused) == 410
    with call.gateway.database.reading() as transaction:
        assert transaction.scalar(text("PRAGMA freelist_count")) == 0
