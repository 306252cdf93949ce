"""`python -m bench.migrations [ROWS] [REVISION]`: what each migration after a revision takes on a filled database."""

import sys
import time
from contextlib import closing

from tests.earlier import fill, revise, revisions

from bench.databases import KINDS, databases
from iwmo_gateway.store.database import Database


def main(rows: int = 100_000, start: str = "0005") -> None:
    print(f"{rows} rows in every table of {start}; seconds")
    every = revisions()
    with databases() as made:
        for kind in KINDS:
            with closing(Database(made.create(kind, f"from_{start}"))) as database:
                revise(database, start)
                fill(database, rows)
                for revision in every[every.index(start) + 1 :]:
                    began = time.monotonic()
                    revise(database, revision)
                    print(f"{kind:10}  {revision}  {time.monotonic() - began:7.2f}", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]), *sys.argv[2:3])
