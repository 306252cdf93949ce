"""The command in a process of its own, forked from one that imported it before: imports take most of its time."""

import os
import sys
from collections.abc import Mapping, Sequence
from multiprocessing import get_context
from pathlib import Path
from threading import Lock

_CONTEXT = get_context("forkserver")
# Not what looks at its environment as it is imported: that comes with the command.
_PRELOADED = (
    "alembic.command",
    "iwmo_gateway.worker",
    "iwmo_gateway.gateway.person",
    "iwmo_gateway.web.replaymodels",
    "typer",
)
_CONTEXT.set_forkserver_preload([*_PRELOADED, __name__])
_ONE_AT_A_TIME = Lock()  # a thread that starts a process also asks how those of others end, and may take the answer


def run_forked(
    folder: Path, arguments: Sequence[str], environment: Mapping[str, str], said: Sequence[Path], patience: float
) -> int | None:
    """Run the command to its end: its exit code, None if there was none in so many seconds.

    `said` are the files for what it writes to standard output and to standard error.
    """
    with _ONE_AT_A_TIME:
        process = _CONTEXT.Process(target=_command, args=(folder, arguments, environment, said))
        process.start()
        process.join(patience)
        if process.exitcode is None:
            process.kill()
            process.join()
            return None
        return process.exitcode


def _command(folder: Path, arguments: Sequence[str], environment: Mapping[str, str], said: Sequence[Path]) -> None:
    for number, path in enumerate(said, 1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["iwmo-gateway", *arguments]
    from iwmo_gateway.cli import run

    run()
