"""The published rules as data: codes, levels, messages and return codes of `rulebook.toml`."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from iwmo_gateway.standard.kinds import RELEASES, releases


@dataclass(frozen=True, slots=True)
class PublishedRule:
    """One TR, CD or CS, or a rule of ours (`eigen` says where that comes from).

    `berichten` are the messages for which it is published, and others for which it holds as well; `zonder` are those of
    them that have no element that it is about. `releases` are those in which it holds. `door` says what checks it where
    no rule of ours does.
    """

    code: str
    niveau: int
    berichten: frozenset[str]
    releases: tuple[str, ...]
    door: str | None
    eigen: str | None
    zonder: frozenset[str]
    retourcodes: Mapping[str, str]

    def retourcode(self, release: str) -> str | None:
        """The code for the return message of this release; None where the rule can only signal."""
        return self.retourcodes.get(release) or None

    def holds_in(self, release: str) -> bool:
        """Whether the rule exists in this release."""
        return release in self.releases


@cache
def rulebook() -> Mapping[str, PublishedRule]:
    """Every published rule by its code, in the order of the codes."""
    text = files(__package__).joinpath("rulebook.toml").read_text(encoding="utf-8")
    return {
        code: PublishedRule(
            code=code,
            niveau=entry["niveau"],
            berichten=frozenset(f"{entry.get('berichten', '')} {entry.get('ook', '')}".split()),
            releases=releases(entry.get("sinds"), entry.get("tot")),
            door=entry.get("door"),
            eigen=entry.get("eigen"),
            zonder=frozenset(entry.get("zonder", "").split()),
            retourcodes={
                release: entry.get(f"retourcode_{release.replace('.', '_')}", entry.get("retourcode", ""))
                for release in RELEASES
            },
        )
        for code, entry in tomllib.loads(text).items()
    }
