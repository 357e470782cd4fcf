"""Trials on as many machines as join: shared in the database, run by `./iifl worker experiments`."""

import csv
import io
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from iifl_server.experiments import services
from iifl_server.experiments.grid import GridError, Progress
from iifl_server.experiments.models import SharedTrial, TrialStatus
from iifl_server.experiments.trial import RESULT, Piece
from policy.learning.files import SHARED, write_whole

POLL_S = 1.0
SEND_AGAIN_S = 120.0
"""A trial that nobody has claimed for so long is sent to the queue once more: the broker may have lost it."""
POINTS = 250


class Everywhere:
    """Runs pieces by the queue `experiments`; results come back through the database."""

    def __init__(self, experiment: str, poll_s: float = POLL_S) -> None:
        self._experiment = experiment
        self._poll_s = poll_s
        self._sent: dict[int, float] = {}

    def __call__(self, pieces: list[Piece], progress: Progress) -> dict[str, dict[str, Any]]:
        """Share, send and wait. Raises GridError where some failed for good; what is done stays done."""
        services.share(self._experiment, [piece.trial for piece in pieces])
        costs = {piece.name: piece.cost for piece in pieces}
        while True:
            rows = list(SharedTrial.objects.filter(experiment=self._experiment, name__in=costs))
            self._tell(rows, costs, progress)
            if all(row.status in (TrialStatus.DONE, TrialStatus.FAILED) or _lost(row, rows) for row in rows):
                break
            self._send(rows)
            time.sleep(self._poll_s)
        failed = [row for row in rows if row.status != TrialStatus.DONE]
        _write(pieces, rows)
        if failed:
            reasons = "; ".join(f"{row.name}: {row.message or 'what it follows failed'}" for row in failed)
            raise GridError(
                f"{len(failed)} of {len(rows)} failed ({reasons}). What is done is kept; the same command "
                "tries them again"
            )
        return {row.name: dict(row.result or {}) for row in rows}

    def _send(self, rows: Sequence[SharedTrial]) -> None:
        from iifl_server.experiments.tasks import run_shared_trial

        done = {row.name for row in rows if row.status == TrialStatus.DONE}
        for row in rows:
            ready = not row.follows or row.follows in done
            silent = row.status == TrialStatus.WAITING or services.is_silent(row)
            old = time.monotonic() - self._sent.get(row.pk, float("-inf")) > SEND_AGAIN_S
            if ready and silent and old:
                run_shared_trial.apply_async((row.pk,), retry=False)
                self._sent[row.pk] = time.monotonic()

    def _tell(self, rows: Sequence[SharedTrial], costs: dict[str, float], progress: Progress) -> None:
        done = [row for row in rows if row.status == TrialStatus.DONE]
        running = [row for row in rows if row.status == TrialStatus.RUNNING]
        share = sum(costs[row.name] * row.progress for row in (*done, *running)) / sum(costs.values())
        doing = "; ".join(f"{row.name}: {row.message}" for row in running)
        none = "nobody works on it: start ./iifl worker experiments, on any machine"
        progress(share, f"{len(done)} of {len(rows)} done; {doing or none}")


def thinned(folder: Path) -> str:
    """A trial's metrics.csv at POINTS of its steps, the first and the last among them."""
    with (folder / "metrics.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    head, body = rows[0], rows[1:]
    places = sorted({round(index * (len(body) - 1) / (POINTS - 1)) for index in range(POINTS)})
    text = io.StringIO(newline="")
    csv.writer(text).writerows([head, *(body[place] for place in places)])
    return text.getvalue()


def _lost(row: SharedTrial, rows: Sequence[SharedTrial]) -> bool:
    """Whether it waits for one that has failed."""
    return any(other.name == row.follows and other.status == TrialStatus.FAILED for other in rows)


def _write(pieces: Sequence[Piece], rows: Sequence[SharedTrial]) -> None:
    """Bring results and curves to where reports look for them."""
    from iifl_server.experiments.results import write_json

    folders = {piece.name: Path(piece.out) / "trials" / piece.name for piece in pieces}
    for row in rows:
        if row.status != TrialStatus.DONE:
            continue
        folder = folders[row.name]
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / RESULT).exists():
            write_whole(folder / "metrics.csv", row.history.encode(), mode=SHARED)
            write_json(folder / RESULT, row.result)
