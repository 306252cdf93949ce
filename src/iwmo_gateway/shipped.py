"""Where the data lies that travels with the code: schemas, contracts, code lists, migrations."""

from pathlib import Path

_PACKAGE = Path(__file__).parent
_CHECKOUT = _PACKAGE.parents[1]


def shipped(name: str) -> Path:
    """The folder called `name`, in the installed wheel or, for an editable install, at the checkout's root."""
    in_wheel = _PACKAGE / "shipped" / name
    return in_wheel if in_wheel.is_dir() else _CHECKOUT / name
