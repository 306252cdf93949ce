"""The gateway on a machine whose clock is wrong by so many seconds: `python skewed.py SECONDS serve …`."""

import sys
from datetime import datetime, timedelta, tzinfo
from typing import Any

from iwmo_gateway import cli, worker
from iwmo_gateway.gateway import keysources
from iwmo_gateway.web import access, app, replays, trail
from iwmo_gateway.web.console import page, signing_in, trouble

READ_THE_CLOCK: tuple[Any, ...] = (worker, keysources, access, app, replays, trail, page, signing_in, trouble)
"""The modules in which `serve` and `worker` read it."""


def skewed(by: timedelta) -> type[datetime]:
    class Skewed(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) + by

    return Skewed


if __name__ == "__main__":
    wrong = skewed(timedelta(seconds=int(sys.argv.pop(1))))
    for module in READ_THE_CLOCK:
        module.datetime = wrong
    cli.run()
