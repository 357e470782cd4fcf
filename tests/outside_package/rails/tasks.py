"""The tasks of this package. `cart` is registered; the others are named by their place."""

from rails.carts import EPISODE_LENGTH, SPACES, Brakeman, Carts
from robots.pretend import PretendFleet
from robots.task import Learning, Task, TaskDefaults

_DEFAULTS = TaskDefaults(
    robots=6, supervisors=2, episode_length=EPISODE_LENGTH, retrain_every=20, demonstrations=200
)
_LEARNING = Learning(updates=60, online_updates=20)

CART = Task(
    name="cart",
    goal="Stop in the middle of the rail.",
    modes={"scripted": "brake as the script does"},
    defaults=_DEFAULTS,
    fleet=Carts,
    supervisor=Brakeman,
    learning=_LEARNING,
)
UNATTENDED = Task(name="unattended_cart", defaults=_DEFAULTS, fleet=Carts)


def _there(robots: int, seed: int) -> PretendFleet:
    return PretendFleet(Carts(robots, seed), motion_s=0.02, slowest_s=2.0, resets_itself=True)


THERE = Task(
    name="cart",
    defaults=_DEFAULTS,
    fleet=_there,
    physical=True,
    spaces=SPACES,
    supervisor=Brakeman,
    demonstrations=Carts,
    learning=_LEARNING,
)
UNREHEARSED = Task(
    name="cart", defaults=_DEFAULTS, fleet=_there, physical=True, spaces=SPACES, supervisor=Brakeman
)


def _derailed(robots: int, seed: int) -> Carts:
    raise OSError("no rail\nis laid")


DERAILED = Task(name="derailed", defaults=_DEFAULTS, fleet=_derailed, supervisor=Brakeman)
EMPTY = Task(name="empty", defaults=_DEFAULTS, fleet=lambda robots, seed: [])
SHORT = Task(name="short", defaults=TaskDefaults(episode_length=7), fleet=Carts, supervisor=Brakeman)
NOT_A_TASK = {"name": "cart"}
