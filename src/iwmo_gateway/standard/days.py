"""Days: the standard's dates carry no zone, and are days in the Netherlands."""

from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

AMSTERDAM: Final = ZoneInfo("Europe/Amsterdam")


def day_of(moment: datetime) -> date:
    """The day in Europe/Amsterdam."""
    return moment.astimezone(AMSTERDAM).date()
