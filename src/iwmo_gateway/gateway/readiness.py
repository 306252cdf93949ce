"""Whether this process can take messages now."""

from iwmo_gateway.errors import ConfigurationError, StoreBusy, StoreError
from iwmo_gateway.gateway.context import Gateway


def why_not_ready(gateway: Gateway) -> dict[str, str | None] | None:
    """What keeps messages from being taken; None if nothing does.

    The database must be there, have the tables that this version works with, know its keys, and let itself be written.
    """
    database = gateway.database
    try:
        current, newest = database.current_revision, database.newest_revision
        if current != newest:
            return {"status": "database not migrated", "current": current, "expected": newest}
        if database.full:
            return {"status": "database full"}
        gateway.follow_keys()
        database.write_again()
    except ConfigurationError:
        return {"status": "another key than the database was filled with"}
    except StoreBusy:
        # An embedded database lets one write at a time, and calls wait for their turn as this one did.
        return None if database.embedded else {"status": "database busy"}
    except StoreError:
        return {"status": "database not available"}
    return None
