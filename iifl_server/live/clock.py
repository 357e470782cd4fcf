"""The server's clock, as the wire counts time."""

import time


def now_ms() -> float:
    """Milliseconds since 1970."""
    return time.time() * 1000
