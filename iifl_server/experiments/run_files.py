"""The files of one headless run: written whole, the last two saves kept, a damaged one told with its mend."""

import csv
import io
import json
import logging
import math
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iifl_server.errors import RequestError
from iifl_server.experiments.lockstep import Lockstep, Timings
from iifl_server.experiments.results import read_json, write_json
from policy.errors import PolicyError
from policy.learning.checkpoint import load_checkpoint, save_checkpoint
from policy.learning.dataset import Dataset
from policy.learning.files import SHARED, read_arrays, write_arrays, write_whole
from policy.supervision import SupervisionState
from robots.in_step import InStep

logger = logging.getLogger(__name__)


class RunFiles:
    """One run's folder. `resume.npz` comes last in a save and makes it valid; the one before is kept too."""

    def __init__(self, out: Path) -> None:
        self.request = out / "simulation.json"
        self.metrics = out / "metrics.json"
        self.history = out / "metrics.csv"
        self.state = out / "resume.npz"
        self.before = out / "resume-before.npz"
        self.calibration = out / "calibration.json"
        self.policy = out / "policy.safetensors"
        self.dataset = out / "dataset.npz"

    def claim(self, wanted: dict[str, Any], defaults: dict[str, Any]) -> None:
        """Enter what this folder holds, or check that it is the same.

        A description that was cut off, or is gone, is written anew from the run's save. Raises RequestError
        for another run's folder, and where nothing says whose it is.
        """
        found = read_json(self.request)
        if not isinstance(found, dict):
            found = self._described()
            there = (self.request, self.state, self.before, self.metrics)
            if found is None and any(path.exists() for path in there):
                raise RequestError(
                    f"{self.request} was cut off or is gone, and no save says which run this folder holds; "
                    "remove the folder, or choose another --out"
                )
            found = found or wanted
            write_json(self.request, found)
        found = defaults | found  # a folder of before there was a setting ran with its default
        other = {name: found[name] for name in wanted if found[name] != wanted[name]}
        if other:
            raise RequestError(
                f"{self.request.parent} holds another run ({other}); "
                "choose another --out or remove the folder"
            )

    def save(self, run: Lockstep, description: dict[str, Any]) -> None:
        """Everything that decides the rest of the run."""
        marks = f"step-{run.state.step}"
        save_checkpoint(self.policy.with_stem(f"policy-{marks}"), run.policy)  # type: ignore[arg-type]
        run.dataset.save(self.dataset.with_stem(f"dataset-{marks}"))
        arrays: dict[str, NDArray[Any]] = {}
        if not isinstance(run.fleet, InStep):  # Robots that are there are looked at when the run goes on.
            arrays |= {f"fleet/{name}": array for name, array in run.fleet.snapshot().items()}
        for seat, supervisor in enumerate(run.supervisors):
            arrays |= {f"supervisor {seat}/{name}": array for name, array in supervisor.snapshot().items()}
        if run.monitor:
            arrays |= {f"monitor/{name}": array for name, array in run.monitor.snapshot().items()}
        plain = {
            "marks": marks,
            "description": description,
            "state": run.state.to_dict(),
            "history": run.history,
            "timings": asdict(run.timings),
            "nearest": run.nearest.learned if run.nearest else 0,
        }
        arrays["plain"] = np.frombuffer(json.dumps(plain).encode(), dtype=np.uint8)
        if (last := self._read(self.state)) is not None:
            self.state.replace(self.before)
        else:  # There is none, or it was damaged and is not worth the place of the one before it.
            last = self._read(self.before)
        write_arrays(self.state, arrays)
        self._remove_but({marks, str(last["marks"]) if last else ""})

    def load(self, start: Callable[[], Lockstep]) -> Lockstep:
        """The run where it was last saved, from `start` where it never was.

        Raises RequestError, with the mend, where neither save can be used.
        """
        there = [path for path in (self.state, self.before) if path.exists()]
        for path in there:
            run = start()
            try:
                self._bring(run, path)
            except (ValueError, KeyError, OSError, PolicyError) as error:
                logger.warning("%s cannot be used (%s); the save before it is looked at", path, error)
                let_go(run)
                continue
            return run
        if there:
            raise RequestError(
                f"{self.state} was cut off or damaged and no save before it can be used; remove "
                f"{' and '.join(str(path) for path in there)} to begin this run anew"
            )
        return start()

    def forget(self) -> None:
        """Remove the saves of a run that is over: with its results written, nothing goes on from them."""
        for path in (self.state, self.before):
            path.unlink(missing_ok=True)
        self._remove_but(set())

    def write_history(self, history: list[dict[str, float]]) -> None:
        """One row per step, cumulative; an empty cell is what nobody asked for."""
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, fieldnames=list(history[0]))
        writer.writeheader()
        writer.writerows(
            {name: "" if math.isnan(value) else value for name, value in row.items()} for row in history
        )
        write_whole(self.history, text.getvalue().encode(), mode=SHARED)

    def _bring(self, run: Lockstep, path: Path) -> None:
        plain, arrays = self._read(path), read_arrays(path)
        if plain is None or arrays is None:
            raise ValueError("it is not whole")
        parts: dict[str, dict[str, NDArray[Any]]] = {}
        for key, array in arrays.items():
            owner, _, name = key.partition("/")
            parts.setdefault(owner, {})[name] = array
        run.policy = load_checkpoint(self.policy.with_stem(f"policy-{plain['marks']}"))[0]
        run.dataset = Dataset.load(self.dataset.with_stem(f"dataset-{plain['marks']}"))
        if not isinstance(run.fleet, InStep):
            run.fleet.restore(parts["fleet"])
        for seat, supervisor in enumerate(run.supervisors):
            supervisor.restore(parts[f"supervisor {seat}"])
        if run.monitor:
            run.monitor.restore(parts["monitor"])
        if run.nearest:
            run.nearest.learn(run.dataset.observations[: plain["nearest"]])
        run.state = SupervisionState.from_dict(plain["state"])
        run.history = plain["history"]
        run.timings = Timings(**plain["timings"])

    def _read(self, path: Path) -> dict[str, Any] | None:
        """What a save says beside its arrays; None where there is none that is whole."""
        arrays = read_arrays(path)
        try:
            return None if arrays is None else dict(json.loads(arrays["plain"].tobytes()))
        except (ValueError, KeyError):
            return None

    def _described(self) -> dict[str, Any] | None:
        """The run that a save in this folder belongs to."""
        for path in (self.state, self.before):
            if (plain := self._read(path)) is not None and "description" in plain:
                return dict(plain["description"])
        return None

    def _remove_but(self, kept: set[str]) -> None:
        for file in (self.policy, self.dataset):
            for old in file.parent.glob(f"{file.stem}-step-*{file.suffix}"):
                if old.stem.removeprefix(f"{file.stem}-") not in kept:
                    old.unlink()


def let_go(run: Lockstep) -> None:
    """Robots that are there are held by nobody once their run is over."""
    if isinstance(run.fleet, InStep):
        run.fleet.close()
