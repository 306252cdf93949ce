"""The gateway, but it gets stuck at a place of choice until it is killed or allowed to go on.

`python stuck.py PLACE FOLDER serve …`: at PLACE the file FOLDER/stuck appears, and it goes on once FOLDER/go is there.
PLACE is `judging`, between the commit of the bytes and that of the judgement, or `delivering`, in the middle of the
second transaction, when everything is written and nothing committed.
"""

import sys
import time
from pathlib import Path
from typing import Any

from iwmo_gateway import cli
from iwmo_gateway.gateway import judging
from iwmo_gateway.store import mailbox

PLACES: dict[str, tuple[Any, str]] = {"judging": (judging, "assess"), "delivering": (mailbox, "deliver")}


def get_stuck(place: str, folder: Path) -> None:
    """From now on."""
    module, name = PLACES[place]
    real = getattr(module, name)

    def stuck(*arguments: Any, **named: Any) -> Any:
        answer = real(*arguments, **named)
        (folder / "stuck").touch()
        while not (folder / "go").exists():
            time.sleep(0.02)
        return answer

    setattr(module, name, stuck)


if __name__ == "__main__":
    get_stuck(sys.argv.pop(1), Path(sys.argv.pop(1)))
    cli.run()
