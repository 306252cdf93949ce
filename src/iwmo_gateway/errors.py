"""What is raised when the gateway itself is broken; a bad message is a value, never an exception."""

from collections.abc import Mapping


class GatewayError(Exception):
    """Anything that is a fault of ours and not of a message."""


class ConfigurationError(GatewayError):
    """A setting, schema folder or code list that the gateway cannot work with; the text says what to change."""


class Unfit(ConfigurationError):
    """What was asked for cannot be: `faults` says of each field that is wrong why."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__("; ".join(faults.values()))
        self.faults = faults


class RuleCrashed(GatewayError):
    """A rule raised: the message it judged is `failed`, never accepted. Names the rule, not the message."""


class RetourInvalid(GatewayError):
    """A return message of ours does not satisfy its own schema: nothing of it may be stored."""


class KeptUnreadable(GatewayError):
    """What is kept cannot be read: changed, moved, or of a release that is taken no more. Trying again is no use."""


class StoreError(GatewayError):
    """The database did something that the gateway cannot go on from."""


class StoreUnavailable(StoreError):
    """There is no database to write to now: down, out of reach or read-only. The same call may succeed later."""


class StoreFull(StoreUnavailable):
    """The disk of the database is full."""


class StoreBusy(StoreUnavailable):
    """A lock was not to be had in time: the same call may succeed later."""


class StoreConflict(StoreError):
    """Another message was first to use a number or to change a fact: judge again, by what holds now."""
