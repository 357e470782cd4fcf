"""`./iifl train-supervisor TASK`: train the algorithmic supervisor of a task by PPO."""

import csv
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.conf import settings

from iifl_server.management.arguments import train_supervisor as options
from iifl_server.management.base import IIFLCommand
from iifl_server.progress import Shown
from robots.registry import make_fleet
from robots.supervisors.ppo_recipes import training_recipe


class Command(IIFLCommand):
    interrupted = "What is done is kept; the same command goes on from there."
    options = options

    def run(self, **options: Any) -> None:
        task = options["task"]
        recipe = training_recipe(task)

        import torch  # Here, since torch takes long to import and a wrong name should not wait for it.

        from robots.supervisors.ppo import PPOConfig
        from robots.supervisors.ppo_training import Point, Training

        torch.set_num_threads(1)
        changed = recipe.settings | ({"robots": options["robots"]} if options["robots"] else {})
        folder = options["out"] or Path(settings.DATA) / "supervisors" / task
        iterations = options["iterations"] or recipe.iterations
        training = Training(
            task,
            lambda robots, seed: make_fleet(task, robots, seed),
            PPOConfig(**changed),
            options["seed"],
            folder,
        )
        with Shown(f"{task}, supervisor", iterations) as shown:

            def show(point: Point) -> None:
                text = f"return {point.mean_return:.0f}, falls {point.falls:.0%}"
                shown.update(point.iteration, text)

            training.run(iterations, show)
        training.ship(folder / f"{task}.safetensors")
        _write_curve([asdict(point) for point in training.curve], folder, task)
        last = training.curve[-1]
        self.stdout.write(
            f"{last.iteration} iterations, {last.steps} steps: return {last.mean_return:.0f} and falls "
            f"{last.falls:.0%} over the last hundred episodes, with exploration; written to {folder}"
        )


def _write_curve(curve: Sequence[dict[str, Any]], folder: Path, task: str) -> None:
    """The learning curve as curve.csv and curve.png."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with (folder / "curve.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(curve[0]))
        writer.writeheader()
        writer.writerows(curve)
    figure = Figure(figsize=(7, 3), layout="constrained")
    FigureCanvasAgg(figure)
    steps = [point["steps"] for point in curve]
    for axis, field, title in zip(
        figure.subplots(1, 2),
        ("mean_return", "falls"),
        ("return of an episode", "share of episodes that end in a fall"),
        strict=True,
    ):
        axis.plot(steps, [point[field] for point in curve])
        axis.set_title(f"{task}: {title}", fontsize=9)
        axis.set_xlabel("robot-steps")
        axis.grid(alpha=0.3)
    figure.savefig(folder / "curve.png", dpi=120)
