"""Experiments by name: what each runs, and how it tells of it."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from iifl_server.errors import RequestError
from iifl_server.experiments import (
    block_push,
    does_it_learn,
    franka_cube_stack,
    grid,
    isaac_tasks,
    jeffreys,
    navigation,
    own_task,
    report,
)
from iifl_server.experiments.protocol import Trial
from iifl_server.experiments.results import write_json
from iifl_server.experiments.trial import Piece, run_piece
from iifl_server.names import BENCHMARKS
from policy.learning.files import SHARED, write_whole

_OF_TRIALS: Mapping[str, ModuleType] = {
    "navigation": navigation,
    "ball_balance": isaac_tasks,
    "ant": isaac_tasks,
    "anymal": isaac_tasks,
    "franka_cube_stack": franka_cube_stack,
    "block_push": block_push,
}
RunAll = Callable[[list[Piece], grid.Progress], dict[str, dict[str, Any]]]
"""Runs all pieces somewhere, and gives their results by name."""
Everywhere = Callable[[str], RunAll]
"""From the name of an experiment, which its folder and the one above it make."""


@dataclass(frozen=True)
class Chosen:
    """What somebody asks for."""

    name: str
    scale: str
    recipe: str = "ours"
    seeds: int = 0
    """0 takes the scale's own number."""
    first_seed: int = 0
    arms: tuple[str, ...] = ()
    """Of experiments that consist of trials: those to run, all where there are none."""


def run(
    chosen: Chosen, out: Path, workers: int, progress: grid.Progress, everywhere: Everywhere | None
) -> None:
    """Run what is missing of an experiment, or of a task from outside, and write its report into `out`.

    everywhere: runs trials in place of processes here; experiments without trials run here in any case.
    """
    out.mkdir(parents=True, exist_ok=True)
    if chosen.name == "all":
        _run_all(chosen, out, workers, progress, everywhere)
    elif chosen.name == "jeffreys":
        jeffreys.run(out)
    elif chosen.name == "does_it_learn":
        does_it_learn.run(chosen.scale, out, workers, progress)
    elif chosen.name == "timing":
        _timing(chosen, out, progress)
    else:
        _run_trials(chosen, out, workers, progress, everywhere)


def trials(chosen: Chosen) -> list[Trial]:
    """All trials of an experiment that consists of some; raises RequestError for arms that it has not."""
    found: list[Trial] = _of_trials(chosen.name).trials(chosen.name, chosen.scale, chosen.recipe)
    first = [trial for trial in found if trial.seed == 0]
    valid = [trial.arm for trial in first]
    wanted = chosen.arms or tuple(valid)
    if unknown := [arm for arm in wanted if arm not in valid]:
        raise RequestError(f"arms are {', '.join(unknown)}; valid for {chosen.name} are {', '.join(valid)}")
    if missing := {trial.follows for trial in first if trial.arm in wanted} - {f"{arm}-0" for arm in wanted}:
        lost = ", ".join(name.rpartition("-")[0] for name in missing if name)
        if lost:
            raise RequestError(f"arms are {', '.join(wanted)}, some of which need the budget of {lost} too")
    seeds = range(chosen.first_seed, chosen.first_seed + (chosen.seeds or found[0].size.seeds))
    return [replace(trial, seed=seed) for seed in seeds for trial in first if trial.arm in wanted]


def _of_trials(name: str) -> ModuleType:
    return _OF_TRIALS.get(name, own_task)


def _run_trials(
    chosen: Chosen, out: Path, workers: int, progress: grid.Progress, everywhere: Everywhere | None
) -> None:
    wanted = trials(chosen)
    pieces = [Piece(trial, str(out.resolve())) for trial in wanted]
    if everywhere:
        results = everywhere(f"{out.parent.name}-{out.name}")(pieces, progress)
    else:
        results = grid.run_all(pieces, run_piece, workers, progress)
    arms = list(dict.fromkeys(trial.arm for trial in wanted))
    values = report.columns(results, arms)
    made = _of_trials(chosen.name).report(chosen.name, out, values, arms)
    if "iifl" in values:
        made = replace(made, notes=(*made.notes, report.profile(values["iifl"])))
    report.write(out, made, values, {**asdict(chosen), "size": asdict(wanted[0].size)})


def _timing(chosen: Chosen, out: Path, progress: grid.Progress) -> None:
    from iifl_server.bench import timing
    from iifl_server.bench.common import Options

    lines: list[str] = []

    def show(line: str) -> None:
        lines.append(line)
        progress(min(0.95, len(lines) / 20), line)

    figures = timing.run(Options(scale="smoke" if chosen.scale == "smoke" else "full"), show)
    write_json(out / "results.json", figures)
    text = "\n".join(["# Table 5: seconds", "", "```", *lines, "```", ""])
    write_whole(out / "results.md", text.encode(), mode=SHARED)


def _run_all(
    chosen: Chosen, out: Path, workers: int, progress: grid.Progress, everywhere: Everywhere | None
) -> None:
    names = [name for name in BENCHMARKS if name != "all"]
    texts = []
    for number, name in enumerate(names):

        def hears(done: float, text: str, number: int = number, name: str = name) -> None:
            progress((number + done) / len(names), f"{name}, {text}")

        one = replace(chosen, name=name, arms=())
        run(one, out / name, workers, hears, everywhere)
        texts.append((out / name / "results.md").read_text().replace("](", f"]({name}/"))
    write_whole(out / "results.md", "\n".join(texts).encode(), mode=SHARED)
