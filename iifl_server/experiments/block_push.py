"""The block pushing benchmark: does the implicit policy work, and does help make it better?"""

import multiprocessing
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from iifl_server.experiments.results import machine, read_json, summarise, table, write_json
from iifl_server.interruption import children_do_not_hear, hear_kill
from iifl_server.names import SCALES
from iifl_server.processes.children import die_with_parent
from policy.learning.files import SHARED, write_whole

TASK = "block_push"
ROBOTS, SUPERVISORS, STEPS = 4, 2, 150
Progress = Callable[[int, int, str], None]
FIGURES = {"goals": "goals", "violations": "violations", "calls_for_help": "robot-steps above û"}


@dataclass(frozen=True)
class Job:
    """One arm at one seed; its result is kept in a file, so an interrupted benchmark goes on."""

    arm: str
    seed: int

    @property
    def name(self) -> str:
        return f"{self.arm}-{self.seed}"


UNASSISTED = ("supervisor 1", "supervisor 2", "implicit", "cloning")
LEARNING = ("supervised", "control", "offline", "random")


def run_benchmark(scale: str, out: Path, workers: int, progress: Progress) -> dict[str, Any]:
    """Run what is missing in `out`, then write results.json, results.md and figures; returns results.json."""
    seeds = range(SCALES[scale])
    kept = out / "jobs"
    kept.mkdir(parents=True, exist_ok=True)
    first = [Job("supervised", seed) for seed in seeds] + [
        Job(arm, seed) for arm in UNASSISTED for seed in seeds
    ]
    second = [Job(arm, seed) for arm in LEARNING[1:] for seed in seeds]
    found = {job.name: read_json(_file(kept, job)) for job in first + second}
    results = {name: result for name, result in found.items() if result is not None}
    total = len(first) + len(second)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_prepare) as pool:
        running: dict[Future[dict[str, Any]], Job] = {}
        last = "none"

        def submit(job: Job) -> None:
            if job.name not in results:
                supervised = results.get(f"supervised-{job.seed}")
                with children_do_not_hear():  # A process may begin here.
                    running[pool.submit(run_job, job, supervised)] = job

        try:
            for job in first:
                submit(job)
            for job in second:
                if f"supervised-{job.seed}" in results:
                    submit(job)
            while running:
                done, _ = wait(running, timeout=1.0, return_when=FIRST_COMPLETED)
                if not done:  # Said all the same: a run may take minutes.
                    progress(len(results), total, last)
                    continue
                future = done.pop()
                job = running.pop(future)
                last = job.name
                results[job.name] = future.result()
                write_json(_file(kept, job), results[job.name])
                progress(len(results), total, job.name)
                if job.arm == "supervised":
                    for other in second:
                        if other.seed == job.seed:
                            submit(other)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in multiprocessing.active_children():
                process.kill()  # They keep nothing: results are written here.
            raise
    return _report(scale, out, {job.name: results[job.name] for job in first + second}, len(seeds))


def run_job(job: Job, supervised: Mapping[str, Any] | None) -> dict[str, Any]:
    """One arm at one seed, in this process."""
    from iifl_server.experiments import learning_arms, unassisted
    from iifl_server.experiments.policies import initial_policy

    at: dict[str, Any] = {"robots": ROBOTS, "steps": STEPS, "seed": job.seed}
    if job.arm.startswith("supervisor "):
        return unassisted.evaluate_supervisor(TASK, int(job.arm.split()[1]) - 1, **at)
    if job.arm in ("implicit", "cloning"):
        policy, threshold, _ = initial_policy(TASK, "iifl" if job.arm == "implicit" else "bc")
        figures = unassisted.evaluate_policy(policy, TASK, threshold=threshold, **at)
        if job.arm == "cloning":
            figures.pop("calls_for_help")  # one network does not say how unsure it is
        return figures
    if job.arm == "supervised":
        return learning_arms.supervised_arm(TASK, ROBOTS, SUPERVISORS, STEPS, job.seed)
    assert supervised is not None
    if job.arm == "random":
        return learning_arms.random_arm(TASK, ROBOTS, SUPERVISORS, STEPS, job.seed, supervised)
    return learning_arms.control_arm(TASK, ROBOTS, STEPS, job.seed, supervised, offline=job.arm == "offline")


def _prepare() -> None:
    """A worker: Django for its settings, one thread, no life without its parent."""
    import django
    import torch

    parent = multiprocessing.parent_process()
    die_with_parent(parent.pid if parent else None)
    hear_kill()
    django.setup()
    torch.set_num_threads(1)


def _file(kept: Path, job: Job) -> Path:
    return kept / f"{job.name.replace(' ', '-')}.json"


def _report(scale: str, out: Path, jobs: Mapping[str, Mapping[str, Any]], seeds: int) -> dict[str, Any]:
    def column(arm: str, metric: str) -> list[float]:
        return [
            float(jobs[f"{arm}-{seed}"][metric]) for seed in range(seeds) if metric in jobs[f"{arm}-{seed}"]
        ]

    def arms(names: tuple[str, ...], extra: tuple[str, ...] = ()) -> dict[str, dict[str, list[float]]]:
        return {
            arm: {name: values for name in (*FIGURES, *extra) if (values := column(arm, name))}
            for arm in names
        }

    unassisted = arms(UNASSISTED)
    reference = _mean([*unassisted["supervisor 1"]["goals"], *unassisted["supervisor 2"]["goals"]])
    for row in unassisted.values():
        row["share"] = [100 * goals / reference for goals in row["goals"]]
    learning = arms(LEARNING, ("new_samples",))
    for row in learning.values():
        row["share"] = [100 * goals / reference for goals in row["goals"]]
    implicit, cloning = unassisted["implicit"], unassisted["cloning"]
    claims = {
        "goals_over_cloning": _mean(implicit["goals"]) / max(_mean(cloning["goals"]), 1e-9),
        "violations_over_cloning": _mean(implicit["violations"]) / max(_mean(cloning["violations"]), 1e-9),
        "goals_over_supervisors": _mean(implicit["goals"]) / reference,
        "goals_over_control": _mean(learning["supervised"]["goals"])
        / max(_mean(learning["control"]["goals"]), 1e-9),
        "violations_minus_control": _mean(learning["supervised"]["violations"])
        - _mean(learning["control"]["violations"]),
        "calls_minus_control": _mean(learning["supervised"]["calls_for_help"])
        - _mean(learning["control"]["calls_for_help"]),
        "calls_first_third": _mean(column("supervised", "calls_first_third")),
        "calls_last_third": _mean(column("supervised", "calls_last_third")),
    }
    calls = FIGURES["calls_for_help"]
    headings = {"goals": "goals", "share": "% of supervisors' goals", "violations": "violations"}
    text = "\n".join(
        [
            f"# {TASK}, scale {scale}: {seeds} seeds, {ROBOTS} robots × {STEPS} steps",
            "",
            "Held-out starts, nobody helping (a violation is followed by a hard reset):",
            "",
            table(unassisted, headings | {"calls_for_help": calls}),
            "",
            f"After {STEPS} supervised steps with retraining ({SUPERVISORS} supervisors), nobody helping:",
            "",
            table(
                learning,
                headings | {"calls_for_help": calls, "new_samples": "new pushes"},
            ),
            "",
            *(f"- {name.replace('_', ' ')}: {value:.2f}" for name, value in claims.items()),
            "",
        ]
    )
    write_whole(out / "results.md", text.encode(), mode=SHARED)
    results = {
        "scale": scale,
        "machine": machine(),
        "unassisted": summarise(unassisted),
        "learning": summarise(learning),
        "claims": claims,
    }
    write_json(out / "results.json", results)
    _figure(out, {**unassisted, **learning})
    return results


def _figure(out: Path, rows: Mapping[str, Mapping[str, list[float]]]) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for axis, metric in zip(axes, ("goals", "violations"), strict=True):
        for place, row in enumerate(rows.values()):
            axis.bar(place, _mean(row[metric]), color="#4c78a8" if place < len(UNASSISTED) else "#72b7b2")
            axis.plot([place] * len(row[metric]), row[metric], "k.", markersize=4)
        axis.set_xticks(range(len(rows)), list(rows), rotation=40, ha="right")
        axis.set_title(f"{metric}, {ROBOTS} robots × {STEPS} steps, nobody helping", fontsize=10)
    for suffix in ("png", "svg"):
        figure.savefig(out / f"results.{suffix}", dpi=120)
    pyplot.close(figure)


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else float("nan")
