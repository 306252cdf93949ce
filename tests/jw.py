"""iWmo's fixtures as messages of iJw: the same in everything but names, codes and lists."""

import re

from tests.cases import Case, cases

_CODES = {
    "414": "436", "416": "432", "448": "450", "418": "438", "420": "440", "444": "446", "480": "486", "482": "488",
    "484": "490", "415": "437", "417": "433", "449": "451", "419": "439", "421": "441", "445": "447", "481": "487",
    "483": "489", "485": "491",
}  # fmt: skip
_OF_IWMO_ALONE = {"TR381", "contract-aanbieder", "TR418", "RC8855", "RC8856"}
"""What rests on the Wmo's product list or on a contract for the Wmo."""

_SPECIAL = re.compile(rb"Categorie>(01|1[1-4])<")
"""Product categories for which iWmo has rules of its own."""


def as_jw(body: bytes) -> bytes:
    """A message of iWmo in iJw's names. Its product categories are none of iJw's: not for the schema."""
    text = body.decode().replace("iwmo", "ijw").replace("wmo3", "jw3")
    for wmo, jw in _CODES.items():
        text = text.replace(f"BerichtCode>{wmo}<", f"BerichtCode>{jw}<")
    return text.encode()


def shared_cases() -> list[Case]:
    """The cases that iJw judges as iWmo does."""
    return [
        case
        for case in cases()
        if not case.contracten
        and case.path.parent.name not in _OF_IWMO_ALONE
        and not any(finding[0] in _OF_IWMO_ALONE for finding in case.findings)
        and not any(_SPECIAL.search(path.read_bytes()) for path in (case.path, *(path for path, _ in case.vooraf)))
    ]
