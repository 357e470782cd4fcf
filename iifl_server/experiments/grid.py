"""Many pieces of work side by side in processes: what is done is kept, what fails is tried again and told."""

import multiprocessing
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from multiprocessing.queues import SimpleQueue
from typing import Any, Protocol

from iifl_server.errors import ServerError
from iifl_server.interruption import children_do_not_hear, hear_kill
from iifl_server.processes.children import die_with_parent

ATTEMPTS = 2
Progress = Callable[[float, str], None]
"""Takes the share of all work that is done, and at what it is."""
Result = dict[str, Any]
Told = tuple[str, float, str]
"""Name of a piece, the share of it that is done, and at what it is."""


class Work(Protocol):
    """One piece: a plain value that another process can take over. Its result is kept by whoever runs it."""

    @property
    def name(self) -> str:
        """Unique among all pieces."""

    @property
    def follows(self) -> str:
        """Name of the piece whose result it needs, or nothing."""

    @property
    def cost(self) -> float:
        """About how long it takes beside the others; for the order and the time left."""


Runs = Callable[[Any, Result | None, Callable[[float, str], None]], Result]
"""(piece, result of the piece it follows, progress) to its result; importable by name, idempotent."""


class GridError(ServerError):
    """Pieces that failed, each with its reason; what is done is kept."""


def run_all(pieces: Sequence[Work], runs: Runs, workers: int, progress: Progress) -> dict[str, Result]:
    """Results by name. Pieces that others wait for, and costly ones, begin first.

    workers: processes; 0 runs all in this one. Every piece is called, whether or not its result is there
    already: `runs` knows. One that raises is tried
    again; the others go on meanwhile. Raises GridError at the end where some failed every time, and
    BrokenProcessPool where a process was killed.
    """
    waited = {piece.follows for piece in pieces}
    order = sorted(pieces, key=lambda piece: (piece.name not in waited, -piece.cost))
    if workers == 0:
        return _one_after_the_other(order, runs, progress)
    context = multiprocessing.get_context("spawn")
    told: SimpleQueue[Told] = context.SimpleQueue()
    shares: dict[str, tuple[float, str]] = {}
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_prepare, initargs=(told,)) as pool:
        state = _State(order, progress)
        running: dict[Future[Result], Work] = {}

        def submit() -> None:
            for piece in state.ready():
                if len(running) >= workers:
                    return
                with children_do_not_hear():  # A process may begin here.
                    future = pool.submit(_call, runs, piece, state.results.get(piece.follows))
                running[future] = piece
                state.begun(piece)

        try:
            submit()
            while running:
                done, _ = wait(running, timeout=1.0, return_when=FIRST_COMPLETED)
                for future in done:
                    state.ended(running.pop(future), future)
                submit()
                while not told.empty():
                    name, share, text = told.get()
                    shares[name] = (share, text)
                state.tell(shares)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in multiprocessing.active_children():
                process.kill()  # What they had is saved as they go.
            raise
    return state.all()


def _one_after_the_other(order: Sequence[Work], runs: Runs, progress: Progress) -> dict[str, Result]:
    state = _State(order, progress)
    while ready := state.ready():
        piece = ready[0]
        state.begun(piece)
        future: Future[Result] = Future()
        try:
            share: dict[str, tuple[float, str]] = {}

            def hears(done: float, text: str, piece: Work = piece, share: Any = share) -> None:
                share[piece.name] = (done, text)
                state.tell(share)

            future.set_result(runs(piece, state.results.get(piece.follows), hears))
        except Exception as error:
            future.set_exception(error)
        state.ended(piece, future)
    return state.all()


class _State:
    """Which pieces wait, run, are done, or failed."""

    def __init__(self, order: Sequence[Work], progress: Progress) -> None:
        self.results: dict[str, Result] = {}
        self._waiting = list(order)
        self._running: dict[str, Work] = {}
        self._attempts: dict[str, int] = {}
        self._failed: dict[str, str] = {}
        self._pieces = len(order)
        self._cost = sum(piece.cost for piece in order)
        self._done = 0.0
        self._progress = progress

    def ready(self) -> list[Work]:
        """What can begin now, in order; what follows a failure never can, and is told with it."""
        lost = [piece for piece in self._waiting if piece.follows in self._failed]
        for piece in lost:
            self._waiting.remove(piece)
            self._failed[piece.name] = f"it needs {piece.follows}, which failed"
        return [piece for piece in self._waiting if not piece.follows or piece.follows in self.results]

    def begun(self, piece: Work) -> None:
        self._waiting.remove(piece)
        self._running[piece.name] = piece

    def ended(self, piece: Work, future: "Future[Result]") -> None:
        del self._running[piece.name]
        error = future.exception()
        if error is None:
            self.results[piece.name] = future.result()
            self._done += piece.cost
            return
        if not isinstance(error, Exception) or type(error).__name__ == "BrokenProcessPool":
            raise error
        attempts = self._attempts[piece.name] = self._attempts.get(piece.name, 0) + 1
        if attempts < ATTEMPTS:
            self._waiting.append(piece)
        else:
            self._failed[piece.name] = f"{type(error).__name__}: {error}"

    def tell(self, shares: Mapping[str, tuple[float, str]]) -> None:
        now = [(piece, *shares.get(name, (0.0, "begins"))) for name, piece in self._running.items()]
        done = self._done + sum(share * piece.cost for piece, share, _ in now)
        doing = "; ".join(f"{piece.name}: {text}" for piece, _, text in now)
        self._progress(done / self._cost, f"{len(self.results)} of {self._pieces} done; {doing}")

    def all(self) -> dict[str, Result]:
        if self._failed:
            reasons = "; ".join(f"{name}: {reason}" for name, reason in self._failed.items())
            raise GridError(
                f"{len(self._failed)} of {self._pieces} failed, each {ATTEMPTS} times ({reasons}). "
                "What is done is kept; the same command tries them again"
            )
        return self.results


_told: "list[SimpleQueue[Told]]" = []  # Of a worker process: where it says how far it is.


def _call(runs: Runs, piece: Work, followed: Result | None) -> Result:
    said = 0.0

    def hears(done: float, text: str) -> None:
        nonlocal said
        if time.monotonic() - said > 0.5:
            said = time.monotonic()
            _told[0].put((piece.name, done, text))

    return runs(piece, followed, hears)


def _prepare(told: "SimpleQueue[Told]") -> None:
    """A worker: Django for its settings, one thread, no life without its parent."""
    import django
    import torch

    parent = multiprocessing.parent_process()
    die_with_parent(parent.pid if parent else None)
    hear_kill()
    django.setup()
    _told.append(told)
    torch.set_num_threads(1)
