"""How often: a limit for each key, that fills up again evenly."""

import math
import threading
from collections.abc import Hashable

_SECONDS = {"second": 1, "minute": 60, "hour": 3600}


class Limit:
    """So many in a period for each key: at once or spread, and then one more whenever a part of the period is over.

    The generic cell rate algorithm: one number for each key. Moments are those of a clock that never jumps, in seconds.
    Safe to share between threads.
    """

    def __init__(self, rate: str) -> None:
        """`rate` as `600/minute`."""
        amount, _, period = rate.partition("/")
        self.rate = rate
        self._period = _SECONDS[period]
        self._each = self._period / int(amount)
        self._full: dict[Hashable, float] = {}
        self._forget_at = 0.0
        self._lock = threading.Lock()

    def wait(self, key: Hashable, now: float) -> int:
        """Count one, and return 0; or count nothing, and return after how many seconds there is room again."""
        with self._lock:
            self._forget(now)
            # When all that was counted will have flowed away: a whole period ahead there is no room for another.
            until = max(self._full.get(key, now), now) + self._each
            if until - now > self._period + self._each / 1000:
                return math.ceil(until - now - self._period)
            self._full[key] = until
            return 0

    def _forget(self, now: float) -> None:
        """Drop the keys of which nothing counts any more, once in a period: there may come many."""
        if now >= self._forget_at:
            self._full = {key: until for key, until in self._full.items() if until > now}
            self._forget_at = now + self._period
