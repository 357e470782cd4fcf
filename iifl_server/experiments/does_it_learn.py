"""Does the implicit policy push blocks, and does help make it better than the same updates without?"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from iifl_server.experiments import grid
from iifl_server.experiments.results import machine, read_json, summarise, table, write_json
from policy.learning.files import SHARED, write_whole

TASK = "block_push"
ROBOTS, SUPERVISORS, STEPS = 4, 2, 150
SEEDS = {"smoke": 1, "desk": 3, "paper": 10}
FIGURES = {"goals": "goals", "violations": "violations", "calls_for_help": "robot-steps above û"}


@dataclass(frozen=True)
class Job:
    """One arm at one seed; its result is kept in a file, so an interrupted benchmark goes on."""

    arm: str
    seed: int
    out: str = ""
    """Folder that results are kept in."""

    @property
    def name(self) -> str:
        return f"{self.arm}-{self.seed}"

    @property
    def follows(self) -> str:
        return f"supervised-{self.seed}" if self.arm in LEARNING[1:] else ""

    @property
    def cost(self) -> float:
        return 3.0 if self.arm in LEARNING else 1.0


UNASSISTED = ("supervisor 1", "supervisor 2", "implicit", "cloning")
LEARNING = ("supervised", "control", "offline", "random")


def run(scale: str, out: Path, workers: int, progress: grid.Progress) -> dict[str, Any]:
    """Run what is missing in `out`, then write results.json, results.md and figures; returns results.json."""
    kept = out / "jobs"
    kept.mkdir(parents=True, exist_ok=True)
    jobs = [Job(arm, seed, str(kept)) for arm in (*LEARNING, *UNASSISTED) for seed in range(SEEDS[scale])]
    results = grid.run_all(jobs, run_kept, workers, progress)
    return _report(scale, out, results, SEEDS[scale])


def run_kept(job: Job, supervised: Mapping[str, Any] | None, progress: grid.Progress) -> dict[str, Any]:
    """`run_job`, unless its result is there; for a grid."""
    path = Path(job.out) / f"{job.name.replace(' ', '-')}.json"
    found = read_json(path)
    if found is None:
        found = run_job(job, supervised)
        write_json(path, found)
    return dict(found)


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
