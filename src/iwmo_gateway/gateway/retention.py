"""Retention: taking away what was kept for its term, first the bytes of messages and later what is left of persons.

A term begins with the last day of the allocations that a message belongs to, or with its receipt if that is later.
"""

from datetime import date, datetime, timedelta
from typing import Final

from iwmo_gateway.gateway import forgetting
from iwmo_gateway.gateway.bewaartermijnen import termijnen, until
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.gateway.purging import Part, Report, Round, Stage, Told
from iwmo_gateway.gateway.replay import PREVIEW_HOLDS
from iwmo_gateway.standard.days import day_of
from iwmo_gateway.store import forgetting as store
from iwmo_gateway.store import retention
from iwmo_gateway.store.retention import Ends, Old

PREVIEWS_KEPT: Final = timedelta(days=30)
"""How long a preview of a replay is kept that nobody started."""


def purge(
    gateway: Gateway, actor: str, now: datetime, *, dry_run: bool, told: Told = lambda part, amount: None
) -> Report:
    """Take away what was kept for its term, some at a time: what went. Stopped half-way, it goes on when run again.

    What belongs to an allocation without an end stays.
    """
    going = Round(gateway, actor, now, dry_run, termijnen(gateway.settings.retention), told)
    report = Report()
    _take_bytes(going, report.delen[Part.INHOUD])
    report.toewijzingen, gone = forgetting.forget_allocations(going, report.delen[Part.FEITEN])
    forgetting.forget_messages(going, report.delen[Part.FEITEN], gone)
    report.clienten = None if dry_run else forgetting.forget_clients(going)
    report.proefselecties = _remove_previews(going)
    return report


def _take_bytes(going: Round, stage: Stage) -> None:
    before, after = going.received_before(Part.INHOUD), None
    while True:
        with going.step() as transaction:
            some = retention.some(transaction, before, after, facts=False)
            ends = retention.ends_of(transaction, [one.subject for one in some])
            days = {one.id: _bytes_until(going, one, ends.get(one.subject)) for one in some}
            held = store.needed(transaction, [one.id for one in some], going.now - PREVIEW_HOLDS)
            due = [
                one
                for one in some
                if one.through and one.id not in held and (day := days[one.id]) and day <= going.today
            ]
            if due and not going.dry_run:
                retention.purge(transaction, [one.id for one in due], going.actor, going.now)
        if not some:
            return
        after = some[-1].id
        for one in due:
            stage.goes(one)
        if going.dry_run:
            found = {one.id for one in due}
            for one in some:
                if one.id not in found:
                    its = ends.get(one.subject)
                    endless = its is not None and its.endless
                    stage.stays(one, days[one.id], waits=not one.through or one.id in held, endless=endless)
        going.told("inhoud", len(some))


def _bytes_until(going: Round, old: Old, ends: Ends | None) -> date | None:
    """The first day on which the bytes of a message go, as far as it is known."""
    if ends is not None and ends.endless:
        return None
    received = day_of(old.received_at)
    last = received if ends is None or ends.last is None else max(received, ends.last)
    return until(going.terms.inhoud, old.soort, old.status, last)


def _remove_previews(going: Round) -> int:
    with going.gateway.database.reading() as transaction:
        found = store.expired_previews(transaction, going.now - PREVIEWS_KEPT)
    for replay_id in found if not going.dry_run else ():
        with going.step() as transaction:
            store.remove_preview(transaction, replay_id)
    return len(found)
