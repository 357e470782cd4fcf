"""How long and with what settings each task's supervisor is trained. Knows no torch."""

from dataclasses import dataclass, field
from typing import Any

from robots.fleet import FleetError


@dataclass(frozen=True)
class TrainingRecipe:
    """One task's training."""

    iterations: int
    settings: dict[str, Any] = field(default_factory=dict)
    """Fields of ppo.PPOConfig that differ from its defaults."""


RECIPES = {
    "ant": TrainingRecipe(iterations=1305, settings={"fall_cost": 500.0}),
    "anymal": TrainingRecipe(iterations=1500, settings={"fall_cost": 1.0}),
    "ball_balance": TrainingRecipe(iterations=300, settings={"first_deviation": 0.3}),
}


def training_recipe(task: str) -> TrainingRecipe:
    """Raises FleetError for a task whose supervisor is not trained."""
    if task not in RECIPES:
        raise FleetError(f"no supervisor is trained for task {task!r}; valid are {', '.join(RECIPES)}")
    return RECIPES[task]
