"""Reads about fleets, for pages and sockets."""

from typing import Any

from iifl_server.fleets.models import Intervention, InterventionStatus, Run, RunStep
from iifl_server.learning.models import Retraining, RetrainingStatus

COLUMNS = (
    "step",
    "rohe",
    "successes",
    "autonomous_successes",
    "hard_resets",
    "calls",
    "mean_uncertainty",
    "human_actions",
)
MOST_ROWS = 600


def newest_run() -> Run | None:
    """The run that pages show unless they ask for another."""
    return Run.objects.order_by("-pk").first()


def find_run(run: int | None) -> Run | None:
    """This run, or the newest for None."""
    return newest_run() if run is None else Run.objects.filter(pk=run).first()


def run_history(run: int) -> dict[str, Any] | None:
    """Figures over steps, thinned to at most 600 rows, the first and last always among them."""
    if not Run.objects.filter(pk=run).exists():
        return None
    steps = RunStep.objects.filter(run=run)
    numbers = list(steps.order_by("step").values_list("step", flat=True))
    kept = thinned(numbers, MOST_ROWS)
    rows = steps.filter(step__in=kept) if len(kept) < len(numbers) else steps
    found = rows.order_by("step").values_list("step", "metrics")
    retrainings = Retraining.objects.filter(run=run, status=RetrainingStatus.DONE, checkpoint__isnull=False)
    return {
        "run": run,
        "columns": list(COLUMNS),
        "rows": [[step, *(metrics.get(name) for name in COLUMNS[1:])] for step, metrics in found],
        "retrainings": [
            {"step": step, "version": version, "trained_on": trained_on}
            for step, version, trained_on in retrainings.order_by("from_step").values_list(
                "from_step", "checkpoint__version", "checkpoint__trained_on"
            )
        ],
    }


def thinned(numbers: list[int], most: int) -> list[int]:
    """At most `most` of them, evenly spread, with the first and the last."""
    if len(numbers) <= most:
        return numbers
    return [numbers[round(index * (len(numbers) - 1) / (most - 1))] for index in range(most)]


def dataset_interventions(run: int, until_step: int) -> list[tuple[bytes, list[float], str]]:
    """(observation, action, supervisor) of executed actions that entered the dataset, oldest first.

    A person who chose a supervisor's way is named with it: "ana (clockwise)".
    """
    rows = Intervention.objects.filter(
        run=run, status=InterventionStatus.EXECUTED, in_dataset=True, step__lt=until_step
    )
    found = rows.order_by("step", "robot").values_list("observation", "action", "supervisor_name", "mode")
    return [
        (bytes(observation or b""), list(action or []), f"{name} ({mode})" if mode else name)
        for observation, action, name, mode in found
    ]
