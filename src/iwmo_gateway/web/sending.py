"""What came of a message that was sent, alone or in a ZIP: a status with its result, or a problem."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from iwmo_gateway.gateway.access import Caller
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.gateway.receive import Refused, Taken, receive
from iwmo_gateway.gateway.results import Result
from iwmo_gateway.rules.answers import ANSWERED_ONCE
from iwmo_gateway.standard.archives import Unpackable, unpack
from iwmo_gateway.store.messages import WAITS, Status
from iwmo_gateway.web import answers, models
from iwmo_gateway.web.problems import ProblemError, not_unpacked, refusal


def outcome(taken: Refused | Taken) -> ProblemError | tuple[int, Result]:
    """The HTTP status of a message that was taken, with its result; or the problem that it is."""
    if isinstance(taken, Refused):
        return refusal(taken)
    result = taken.result
    if result.message.status is Status.INVALID:
        return _schema_problem(result)
    if any(finding.regel == ANSWERED_ONCE for finding in result.findings):
        told = "Op dit bericht is al een retourbericht verzonden."
        return ProblemError("IB019", told, answers.where(result), id=result.message.id)
    return 200 if taken.repeated else 202 if result.message.status in WAITS else 201, result


def zip_results(gateway: Gateway, caller: Caller, body: bytes, moment: datetime, *, later: bool) -> models.ZipModel:
    """What came of each file of a ZIP, in their order.

    Raises ProblemError for a ZIP of which nothing is taken.
    """
    files = unpack(body, gateway.settings.max_message_bytes)
    if isinstance(files, Unpackable):
        raise not_unpacked(files)
    return models.ZipModel(resultaten=list(_each(gateway, caller, files, moment, later=later)))


def _each(
    gateway: Gateway,
    caller: Caller,
    files: Iterator[tuple[str, bytes | Unpackable]],
    moment: datetime,
    *,
    later: bool,
) -> Iterator[models.FileModel]:
    taken = 0
    for nr, (name, content) in enumerate(files):
        if isinstance(content, Unpackable):
            said: ProblemError | tuple[int, Result] = not_unpacked(content)
        else:
            # One call judges no more than one message may be large, however many there are in it.
            taken += len(content)
            deferred = later or taken > gateway.settings.sync_limit_bytes
            # A millisecond apart, so that ids are in the order of the archive, and with them whatever comes later.
            sender = replace(caller, at=caller.at + timedelta(milliseconds=nr))
            said = outcome(receive(gateway, sender, content, moment, later=deferred))
        if isinstance(said, ProblemError):
            problem = said.model()
            yield models.FileModel(bestand=name, status=problem.status, probleem=problem)
        else:
            status, result = said
            yield models.FileModel(bestand=name, status=status, resultaat=answers.full(result))


def _schema_problem(result: Result) -> ProblemError:
    judgement = result.judgement
    return ProblemError(
        "IB014",
        f"Het bericht voldoet op {len(result.findings)} plaats(en) niet aan het schema van {result.message.soort} "
        f"{result.message.release}" + (", en op nog meer." if judgement and judgement.more else "."),
        answers.where(result),
        id=result.message.id,
        errors=[
            {
                "regelnummer": finding.regelnummer,
                "pad": finding.pad,
                "tekst": finding.tekst,
                "verwacht": finding.verwacht,
                "gevonden": finding.gevonden,
            }
            for finding in result.findings
        ],
        meer=judgement.more if judgement else False,
    )
