"""Long work says how far it is: a bar on a terminal, a line every ten seconds anywhere else."""

import shutil
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import TextIO

from tqdm import tqdm

from iifl_server import interruption

EVERY_S = 10.0


class Shown:
    """One piece of work from 0 to `total`, with how long it still takes; for a `with` block."""

    def __init__(
        self,
        what: str,
        total: float = 1.0,
        *,
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._what, self._total, self._clock = what, total, clock
        self._stream = sys.stderr if stream is None else stream
        self._bar = None
        if self._stream.isatty():
            layout = "{desc}: {percentage:3.0f}%|{bar}| {elapsed}, {remaining} left {postfix}"
            columns, rows = shutil.get_terminal_size()  # Some where a terminal does not know its own, too.
            self._bar = tqdm(
                total=1000, desc=what, file=self._stream, bar_format=layout, ncols=columns, nrows=rows
            )
        self._begun = self._said = clock()
        self._from: float | None = None

    def update(self, done: float, text: str = "") -> None:
        """How far it is, and at what. Raises Interrupted where that was asked for and got lost."""
        interruption.check()
        share = min(1.0, done / self._total) if self._total else 1.0
        if self._from is None:
            self._from = share  # What an earlier call had done took no time in this one.
        if self._bar is not None:
            self._bar.update(int(1000 * share) - self._bar.n)
            self._bar.set_postfix_str(text, refresh=False)
        elif self._clock() - self._said >= EVERY_S:
            self._said = self._clock()
            left = self._left(share)
            self._line(f"{share:.0%}" + (f", {text}" if text else "") + (f", {left} left" if left else ""))

    def clear(self) -> None:
        """Free the line for a sentence from elsewhere; the next update draws the bar again."""
        if self._bar is not None:
            self._bar.clear()

    def __enter__(self) -> "Shown":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()
        elif kind is None and self._said > self._begun:
            self._line(f"done in {spelled(self._clock() - self._begun)}")

    def _left(self, share: float) -> str:
        done = share - (self._from or 0.0)
        passed = self._clock() - self._begun
        return spelled(passed * (1.0 - share) / done) if done > 0 else ""

    def _line(self, text: str) -> None:
        self._stream.write(f"{self._what}: {text}\n")
        self._stream.flush()


def spelled(seconds: float) -> str:
    """A duration for people."""
    whole = round(seconds)
    if whole < 100:
        return f"{whole} s"
    return f"{whole / 60:.0f} min" if whole < 6000 else f"{whole / 3600:.1f} h"
