"""What a scrape of /metrics asks of PostgreSQL, with few and with many messages in store: time and plan of each query.

python -m bench.scraping [MESSAGES]
"""

import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any, Final

from sqlalchemy import event, text

from bench.databases import databases
from iwmo_gateway.gateway import standing
from iwmo_gateway.gateway.context import Gateway, open_gateway
from iwmo_gateway.settings import Settings

FEW: Final = 10_000
MANY: Final = 1_000_000
ROUNDS: Final = 7
SECRET: Final = "a key for a bench"  # noqa: S105
# Half of them are messages, half the answers to them. One in a thousand waits or was not fetched, and one in ten was
# answered by a party itself, which leaves a judgement without an answer of ours.
FILL: Final = """
INSERT INTO parties (code, kind, created_at) VALUES ('0384', 'gemeente', now()), ('42420001', 'aanbieder', now());
CREATE TEMPORARY TABLE filling AS
SELECT nr, gen_random_uuid() AS id, gen_random_uuid() AS answer, now() - nr * interval '60 days' / :half * 3 AS at,
    nr % 1000 = 0 AS waits, nr % 10 = 0 AS theirs FROM generate_series(1, :half) AS nr;
INSERT INTO messages (id, domain, soort, release, afzender, ontvanger, digest, size, received_at, status, judgements,
    holds_identification, forwarded, own, answers, xml)
SELECT id, 'wmo', 'WMO305', '3.2', '42420001', '0384', sha256(id::text::bytea), 1666, at,
    CASE WHEN waits THEN 'received' ELSE 'accepted' END, CASE WHEN waits THEN 0 ELSE 1 END, true, NOT waits, false,
    NULL::uuid, '\\x00'::bytea FROM filling
UNION ALL SELECT answer, 'wmo', 'WMO306', '3.2', '0384', '42420001', sha256(answer::text::bytea), 1666, at, 'accepted',
    CASE WHEN theirs THEN 1 ELSE 0 END, true, true, NOT theirs, id, '\\x00'::bytea FROM filling WHERE NOT waits;
INSERT INTO judgements (message, nr, at, received_at, status, xsd, regels, contract, bevindingen, more, retour)
SELECT id, 1, at, at, 'accepted', 'x', 'x', '[]'::json, 0, false, CASE WHEN theirs THEN NULL ELSE answer END
FROM filling WHERE NOT waits
UNION ALL SELECT answer, 1, at, at, 'accepted', 'x', 'x', '[]'::json, 0, false, NULL
FROM filling WHERE theirs AND NOT waits;
INSERT INTO mailbox (party, nr, message, created_at, fetched_at, acknowledged_at)
SELECT '0384', nr, id, at, CASE WHEN nr % 1000 = 1 THEN NULL ELSE at END, CASE WHEN nr % 1000 = 1 THEN NULL ELSE at END
FROM filling UNION ALL
SELECT '42420001', nr, answer, at, CASE WHEN nr % 1000 = 1 THEN NULL ELSE at END,
    CASE WHEN nr % 1000 = 1 THEN NULL ELSE at END FROM filling WHERE NOT waits;
INSERT INTO reviews (message, domain, soort, release, gemeente, aanbieder, referentie_nummer, pad, regelnummer,
    bevindingen, received_at, uiterlijk, decided_at)
SELECT id, 'wmo', 'WMO323', '3.2', '0384', '42420001', nr::text, '/', 1, '[]', at, at::date,
    CASE WHEN nr % 1000 = 1 THEN NULL ELSE at END FROM filling;
"""


def filled(gateway: Gateway, number: int) -> None:
    """Put so many messages in."""
    with gateway.database.writing() as transaction:
        for statement in FILL.split(";\n"):
            if statement.strip():
                transaction.execute(text(statement.replace(":half", str(number // 2)).replace(":", "\\:")))
    with gateway.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


@contextmanager
def noted(gateway: Gateway) -> Iterator[list[tuple[str, Any, float]]]:
    """Every query meanwhile, with its parameters and its seconds."""
    asked: list[tuple[str, Any, float]] = []

    def before(connection: Any, *_: Any) -> None:
        connection.info["began"] = time.perf_counter()

    def after(connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        asked.append((statement, parameters, time.perf_counter() - connection.info["began"]))

    event.listen(gateway.database.engine, "before_cursor_execute", before)
    event.listen(gateway.database.engine, "after_cursor_execute", after)
    yield asked
    event.remove(gateway.database.engine, "before_cursor_execute", before)
    event.remove(gateway.database.engine, "after_cursor_execute", after)


def plan_of(gateway: Gateway, statement: str, parameters: Any) -> str:
    """The tables and indexes of its plan."""
    with gateway.database.reading() as transaction:
        rows = transaction.connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)
        steps = [row[0].strip(" ->").split("  (")[0] for row in rows]
    return "; ".join(step for step in steps if " on " in step or " using " in step)


def main() -> None:
    """Ask, and print."""
    standing.FRESH = timedelta()
    with databases() as made:
        for number in (FEW, int(sys.argv[1]) if len(sys.argv) > 1 else MANY):
            url = made.create("postgresql", "scraping")
            settings = Settings(_env_file=None, database_url=url, secret_key=SECRET)
            with closing(open_gateway(settings)) as gateway:
                gateway.database.migrate()
                filled(gateway, number)
                exposition, rounds = standing.Exposition(gateway), []
                for _ in range(ROUNDS):
                    began = time.perf_counter()
                    with noted(gateway) as asked:
                        exposition.text(datetime.now(UTC))
                    rounds.append((time.perf_counter() - began) * 1000)
                print(f"\n{number} messages: a scrape takes {median(rounds):.1f} ms, {min(rounds):.1f} at the least")
                for statement, parameters, seconds in asked:
                    print(f"  {seconds * 1000:7.1f} ms  {plan_of(gateway, statement, parameters)}")


if __name__ == "__main__":
    main()
