"""Fixtures as messages of another release: the same in everything but namespaces and version.

`python -m tests.releases 3.3 fixtures/TR071/fout-*.xml` writes such a message and its answer beside each of these, as a
case of its own for 3.3.
"""

import re
import shutil
import sys
from pathlib import Path

from iwmo_gateway.standard.kinds import RELEASES, SOORTEN
from tests.bookkeeping import typed
from tests.cases import Case, cases


def as_release(body: bytes, release: str) -> bytes:
    """A message in the names of another release of the same major version; one of another major version as it is."""
    major, minor = release.split(".")
    text, found = re.subn(rf"(istandaarden\.nl/i(?:wmo|jw)/{major}_)\d+/", rf"\g<1>{minor}/", body.decode())
    return re.sub(r"(:BerichtSubversie>)\d+<", rf"\g<1>{minor}<", text).encode() if found else body


def in_later_releases() -> list[tuple[Case, str]]:
    """Every case with every later release of its major version, but for those that have a case of their own.

    Beside `X.xml` that is `X-3.3.xml`, for a message that is judged otherwise in 3.3.
    """
    every = list(cases())
    own = {case.name for case in every}
    return [
        (case, release)
        for case in every
        for soort in [typed(case.path).soort]
        for release in RELEASES[RELEASES.index(soort.release) + 1 :]
        if release.split(".")[0] == soort.release.split(".")[0]
        and (soort.code, release) in SOORTEN
        and f"{case.name}-{release}" not in own
    ]


def write(release: str, path: Path) -> None:
    """Write the message in `path` as one of another release beside it, with the same answer."""
    own = path.with_name(f"{path.stem}-{release}.xml")
    own.write_bytes(as_release(path.read_bytes(), release))
    shutil.copy(path.with_suffix(".toml"), own.with_suffix(".toml"))


if __name__ == "__main__":
    for name in sys.argv[2:]:
        write(sys.argv[1], Path(name))
