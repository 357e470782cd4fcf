"""How large an experiment is at each scale, and who takes part: what Sections 5 and 7.3 fix, in one place."""

from dataclasses import asdict, dataclass, replace
from typing import Any

from iifl_server.errors import RequestError
from iifl_server.learning.recipes import IMPLICIT, Recipe, recipe
from iifl_server.names import RECIPES, SCALES
from policy.learning.config import TrainingConfig, refined
from robots.registry import task_defaults

ARMS: dict[str, str] = {
    "bc": "behaviour cloning; people only reset",
    "ibc": "implicit policy; people only reset",
    "ifl": "ensemble of five, help by its variance",
    "iifl-random": "implicit policy, as much help as IIFL at random",
    "iifl": "implicit policy, help by Jeffreys divergence",
    "iifl-nearest": "implicit policy, help by distance to the nearest sample",
}
INTERACTIVE = ("ifl", "iifl-random", "iifl", "iifl-nearest")


@dataclass(frozen=True)
class Size:
    """One experiment at one scale."""

    seeds: int
    robots: int
    """N."""
    supervisors: int
    """M."""
    steps: int
    """T."""
    retrain_every: int
    calibration: tuple[int, int]
    """Robots and steps that û comes from."""
    demonstrations: int
    """Samples of the initial dataset."""
    training: float = 1.0
    """Share of the recipe's updates; below 1 only to try the code."""


def _fleet(demonstrations: int, smoke: int, desk: int, paper: int = 10_000) -> dict[str, Size]:
    """Of a task of the IFL benchmark; steps at each scale."""
    return {
        "smoke": Size(1, 10, 1, smoke, smoke // 4, (10, 20), demonstrations, 0.1),
        "desk": Size(3, 20, 2, desk, desk // 10, (20, 250), demonstrations),
        "paper": Size(3, 100, 10, paper, paper // 10, (100, 1000), demonstrations),
    }


SIZES: dict[str, dict[str, Size]] = {
    "navigation": {
        "smoke": Size(1, 10, 1, 300, 100, (10, 100), 3200),
        "desk": Size(3, 10, 1, 500, 100, (100, 200), 3200),
        "paper": Size(3, 10, 1, 1000, 100, (100, 1000), 3200),
    },
    "ball_balance": _fleet(5_000, 100, 1_000),
    "ant": _fleet(10_000, 100, 1_000),
    "anymal": _fleet(25_000, 100, 1_000),
    "franka_cube_stack": _fleet(1_580, 100, 1_000),
    "block_push": {
        "smoke": Size(1, 4, 2, 150, 50, (10, 20), 336, 0.1),
        "desk": Size(3, 4, 2, 150, 50, (100, 50), 336),
        "paper": Size(3, 4, 2, 150, 50, (100, 1000), 336),
    },
}
"""Task and scale. Demonstrations are ten episodes (navigation 100; block_push as published)."""

UPDATES_PER_STEP = 2
"""Online gradient steps of each network for each step of the fleet (Section 5.2 and the released code)."""
PUBLISHED_BATCH = 512


@dataclass(frozen=True)
class Trial:
    """One run of one algorithm at one seed: all that decides its result."""

    task: str
    algorithm: str
    """Of ARMS."""
    seed: int
    size: Size
    recipe: str = "ours"
    """`paper`: network, batches, rates and numbers of updates as published, with the counter-examples of
    `refined`, since fifty Langevin iterations in each update would take days."""
    percentile: float = 99.0
    """û is this percentile of an unassisted fleet's uncertainties; ignored where `threshold` is set."""
    threshold: float | None = None
    frozen: bool = False
    """The policy never learns from help (franka_cube_stack, Section 5.2)."""
    call_share: float = 0.0
    """Above 0: û follows what was seen so that this share of robot-steps calls."""
    each_step: bool = False
    """Train in every step, as the published IFL does, in place of every `retrain_every`."""
    familiarity: float = 0.0
    """Above 0: weight of what lies beyond all that was learned from (decision 0016)."""

    def __post_init__(self) -> None:
        if self.algorithm not in ARMS:
            raise RequestError(f"algorithm is {self.algorithm!r}; valid are {', '.join(ARMS)}")
        if self.recipe not in RECIPES:
            raise RequestError(f"recipe is {self.recipe!r}; valid are {', '.join(RECIPES)}")

    @property
    def name(self) -> str:
        """Of its folder: unique within an experiment."""
        marks = [
            "" if self.recipe == "ours" else self.recipe,
            f"share-{self.call_share:g}" if self.call_share else "",
            "each-step" if self.each_step else "",
            f"familiar-{self.familiarity:g}" if self.familiarity else "",
        ]
        return "-".join([self.algorithm, *(mark for mark in marks if mark), str(self.seed)])

    @property
    def arm(self) -> str:
        """Its name without the seed: what trials are averaged by."""
        return self.name.rpartition("-")[0]

    @property
    def cost(self) -> float:
        """About how long it takes beside others of its experiment."""
        share = {"bc": 0.2, "ibc": 0.7, "ifl": 0.5, "iifl-random": 1.3}.get(self.algorithm, 1.5)
        return share * self.size.robots * self.size.steps * (3.0 if self.each_step else 1.0)

    @property
    def learns(self) -> bool:
        """Whether help becomes data that the policy is trained on."""
        return self.algorithm in INTERACTIVE and not self.frozen

    @property
    def follows(self) -> str:
        """Name of the trial whose result this one needs, or nothing: help at random has IIFL's budget."""
        if self.algorithm != "iifl-random":
            return ""
        return replace(self, algorithm="iifl").name

    def plan(self, kind: str) -> Recipe:
        """How policies of a kind are trained in it."""
        ours = recipe(self.task)
        chosen = ours if self.recipe == "ours" else _published(ours, self.size.demonstrations, kind)
        initial = chosen.initial_of(kind)
        retraining = chosen.retraining_of(kind)
        every = 1 if self.each_step else self.size.retrain_every
        online = replace(retraining, updates=max(1, round(UPDATES_PER_STEP * every * self.size.training)))
        if self.each_step:  # One cycle of two updates is none: the rate stays as it is.
            online = replace(online, step_decay=1.0, learning_rate=retraining.learning_rate / 4)
        initial = replace(initial, updates=max(1, round(initial.updates * self.size.training)))
        made = replace(chosen, initial=initial, retraining=online, explicit=None, explicit_retraining=None)
        return replace(made, familiarity=self.familiarity or made.familiarity)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        values = asdict(self)
        values["size"]["calibration"] = list(self.size.calibration)
        return values

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Trial":
        """Inverse of `to_dict`."""
        size = {**values["size"], "calibration": tuple(values["size"]["calibration"])}
        return cls(**{**values, "size": Size(**size)})


def _published(ours: Recipe, transitions: int, kind: str) -> Recipe:
    """Tables 3 and 4: 6 x 256, batches of 512, half an update for each offline transition."""
    network = ours.network
    if not network.from_images:
        network = replace(network, width=256, state_depth=6)
    config = refined(max(1, transitions // 2), PUBLISHED_BATCH)
    if kind != IMPLICIT:
        config = TrainingConfig(config.updates, PUBLISHED_BATCH, config.learning_rate, weight_decay=0.0)
    return replace(
        ours, network=network, initial=config, retraining=config, explicit=None, explicit_retraining=None
    )


def size_of(task: str, scale: str) -> Size:
    """Raises RequestError for names that there are not."""
    if task not in SIZES or scale not in SCALES:
        raise RequestError(f"there is no experiment {task!r} at scale {scale!r}")
    return SIZES[task][scale]


def minimum_steps(task: str) -> tuple[int, int]:
    """t_T and t_R of a task."""
    defaults = task_defaults(task)
    return defaults.minimum_intervention_steps, defaults.hard_reset_steps
