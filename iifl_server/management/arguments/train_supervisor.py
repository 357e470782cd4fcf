"""Options of `./iifl train-supervisor`."""

from argparse import ArgumentParser

from iifl_server.management.arguments.numbers import ROBOTS, SEED, whole
from iifl_server.management.arguments.paths import writable_folder
from iifl_server.management.arguments.tasks import taught_task
from iifl_server.names import SUPERVISOR_TASKS

HELP = (
    "Train the algorithmic supervisor of a task by proximal policy optimisation, and write its network "
    "(TASK.safetensors) and learning curve (curve.csv, curve.png). Interrupted, it goes on exactly where "
    "it was last saved when called again. To ship the network, copy it to robots/supervisors/weights."
)


def add(parser: ArgumentParser) -> None:
    """Add them to a parser."""
    parser.add_argument(
        "task", type=taught_task, metavar="TASK", help=f"task to train for: {', '.join(SUPERVISOR_TASKS)}"
    )
    parser.add_argument("--seed", type=SEED, default=0, help="seed of weights, fleet and noise")
    parser.add_argument("--iterations", type=whole(1, 1_000_000), help="in all; the recipe's unless given")
    parser.add_argument("--robots", type=ROBOTS, help="side by side; the recipe's unless given")
    parser.add_argument(
        "--out", type=writable_folder, help="folder; supervisors/TASK in the data folder unless given"
    )
