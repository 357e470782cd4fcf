"""Help in a task whose action is no push: a person chooses a supervisor's way, and the robot takes it."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import numpy as np
import pytest

from iifl_server.accounts.models import Person
from iifl_server.fleets.means import Means, mode_name, task_means
from iifl_server.fleets.models import Intervention, InterventionStatus, Run, RunStatus
from iifl_server.fleets.runner.assists import Assist, after_step, going_on
from iifl_server.fleets.runner.driver import Driver
from iifl_server.fleets.selectors import dataset_interventions
from iifl_server.live.announcements import newest_live
from iifl_server.live.clock import now_ms
from iifl_server.live.commands import submit
from iifl_server.live.leases import Lease
from iifl_server.live.presence import touch
from iifl_server.live.protocol import Command
from robots import builtin, registry
from robots.fleet import Spaces
from robots.own_fleet import Moved, OwnFleet
from robots.task import Task

pytestmark = pytest.mark.django_db(transaction=True)

TASK = "three_knobs"
ROBOT = 1
T_T = 3


class Knobs(OwnFleet):
    """Three knobs that an action turns."""

    task = TASK
    spaces = Spaces(observation_shape=(3,), observation_dtype="float32", action_size=3)
    episode_length = 1000

    def begin(self, generator: np.random.Generator) -> Any:
        return generator.uniform(-1.0, 1.0, 3)

    def move(self, state: Any, action: Any) -> Moved:
        return Moved(state + 0.1 * action)

    def see(self, state: Any) -> Any:
        return state


class Turner:
    """Turns all knobs by the same amount, with noise of its own."""

    def __init__(self, name: str, amount: float, seed: int) -> None:
        self.name, self.amount = name, amount
        self.drawn = np.array([seed % 1000])

    def actions(self, fleet: Any, ids: Sequence[int]) -> Any:
        assert fleet.states().shape[1] == 3
        self.drawn = self.drawn + 1
        return np.full((len(ids), 3), self.amount, dtype=np.float32)

    def snapshot(self) -> Any:
        return {"drawn": self.drawn}

    def restore(self, snapshot: Any) -> None:
        self.drawn = snapshot["drawn"]


def _turner(seat: int, seed: int) -> Turner:
    way, amount = [("slowly", 0.25), ("quickly", 1.0)][seat % 2]
    return Turner(f"scripted {seat + 1} ({way})", amount, seed)


@pytest.fixture
def knobs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Register the task."""
    defaults = replace(registry.task_defaults("block_push"), minimum_intervention_steps=T_T)
    kind = Task(name=TASK, defaults=defaults, fleet=Knobs, supervisor=_turner)
    monkeypatch.setitem(builtin.TASKS, TASK, kind)


@pytest.fixture
def policy() -> Any:
    """Holds every knob; robot 1 is never sure."""

    def decide(observations: Any, seed: int) -> Any:
        uncertainty = np.full(len(observations), 0.1)
        uncertainty[ROBOT] = 50.0
        return SimpleNamespace(actions=np.zeros((len(observations), 3), np.float32), uncertainty=uncertainty)

    return SimpleNamespace(decide=decide)


@pytest.fixture
def run(knobs: None, run: Run) -> Run:
    run.task = TASK
    run.save()
    return run


@pytest.fixture
def order(driver: Driver, ana: Person, run: Run) -> Callable[..., Command]:
    """Commands for robot 1, which is ana's."""
    touch(run.pk, ana.pk, "ana", now_ms())
    driver.tick()
    return lambda **changes: _order(driver, **changes)


def _order(driver: Driver, **changes: Any) -> Command:
    token = driver.session.leases[ROBOT].token
    frame = driver.session.sights.seen(ROBOT, None, 0.0)
    command = Command("teleoperation", uuid4(), ROBOT, token, now_ms() + 4000, frame, mode="quickly", steps=3)
    return replace(command, **changes)


def knob(driver: Driver) -> float:
    return float(driver.session.fleet.states()[ROBOT, 0])  # type: ignore[attr-defined]


def left(run: Run, person: Person) -> Any:
    live = newest_live(run.pk)
    assert live is not None
    return live["leases"][str(person.pk)]["assist"]


def test_a_task_offers_pushes_or_ways_by_its_actions_and_pictures(knobs: None) -> None:
    assert task_means(TASK) == Means(push=False, modes=("slowly", "quickly"), steps=T_T)
    assert task_means("block_push") == Means(push=True, modes=(), steps=3)
    assert task_means("navigation").push


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("scripted 1 (clockwise)", "clockwise"),
        ("trained 12", "trained"),
        ("expert (up)", "up"),
        ("walker", "walker"),
        ("7", "7"),
    ],
)
def test_a_way_is_named_by_what_is_particular_about_its_supervisor(name: str, mode: str) -> None:
    assert mode_name(name) == mode


def test_a_chosen_way_is_taken_for_its_steps_and_then_the_robot_waits(
    driver: Driver, order: Callable[..., Command], ana: Person, run: Run
) -> None:
    before = knob(driver)
    command = order(steps=2)
    assert submit(run.pk, ana.pk, command)["status"] == "accepted"
    assert Intervention.objects.get(command_id=command.command).status == InterventionStatus.PENDING
    driver.tick()
    assert knob(driver) == pytest.approx(before + 0.1)
    assert submit(run.pk, ana.pk, command)["status"] == "executed"
    driver.tick()
    assert left(run, ana) == {"mode": "quickly", "left": 1}
    driver.tick()
    assert left(run, ana) is None
    assert knob(driver) == pytest.approx(before + 0.2)
    rows = Intervention.objects.filter(person=ana)
    assert [(row.mode, row.status, row.supervisor_name, row.kind) for row in rows] == 2 * [
        ("quickly", "executed", "ana", "teleoperation")
    ]
    assert all(row.in_dataset and row.action == [1.0, 1.0, 1.0] for row in rows)
    assert {name for _, _, name in dataset_interventions(run.pk, 100)} == {"ana (quickly)"}
    assert driver.session.state.totals.idle_robot_steps == 2


def test_after_the_minimum_intervention_time_a_robot_that_is_sure_goes_on_alone(
    driver: Driver, order: Callable[..., Command], ana: Person, run: Run, policy: Any
) -> None:
    submit(run.pk, ana.pk, order())
    policy.decide = lambda observations, seed: SimpleNamespace(
        actions=np.zeros((4, 3), np.float32), uncertainty=np.zeros(4)
    )
    for _ in range(T_T + 1):
        driver.tick()
    assert Intervention.objects.filter(person=ana).count() == T_T
    assert ROBOT not in driver.session.leases
    assert driver.session.assists == {}


def test_the_next_choice_replaces_the_one_under_way_though_the_robot_has_moved(
    driver: Driver, order: Callable[..., Command], ana: Person, run: Run
) -> None:
    submit(run.pk, ana.pk, order(steps=3))
    another = order(mode="slowly", steps=1)
    driver.tick()
    before = knob(driver)
    assert submit(run.pk, ana.pk, another)["status"] == "accepted"
    driver.tick()
    driver.tick()
    assert knob(driver) == pytest.approx(before + 0.025)
    assert submit(run.pk, ana.pk, another)["status"] == "executed"


def test_handing_back_ends_it(driver: Driver, order: Callable[..., Command], ana: Person, run: Run) -> None:
    submit(run.pk, ana.pk, order(steps=3))
    driver.tick()
    before = knob(driver)
    submit(run.pk, ana.pk, order(kind="hand_back", mode=None, steps=None, frame=None))
    driver.tick()
    driver.tick()
    assert knob(driver) == before
    assert driver.session.assists == {}


def test_a_stop_ends_it_for_good(
    driver: Driver, order: Callable[..., Command], ana: Person, run: Run
) -> None:
    submit(run.pk, ana.pk, order(steps=3))
    driver.tick()
    before = knob(driver)
    Run.objects.update(status=RunStatus.STOPPED)
    driver.tick()
    assert left(run, ana) is None
    Run.objects.update(status=RunStatus.RUNNING)
    driver.tick()
    assert knob(driver) == before


def test_a_stop_between_claim_and_motion_begins_nothing(
    driver: Driver, order: Callable[..., Command], ana: Person, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    command, before, claim = order(), knob(driver), driver._inbox.claim
    submit(run.pk, ana.pk, command)

    def stop_after_claim() -> Any:
        claimed = claim()
        Run.objects.update(status=RunStatus.STOPPED)
        return claimed

    with monkeypatch.context() as patched:
        patched.setattr(driver._inbox, "claim", stop_after_claim)
        driver.tick()
    Run.objects.update(status=RunStatus.RUNNING)
    driver.tick()
    assert knob(driver) == before
    assert Intervention.objects.get(command_id=command.command).status == InterventionStatus.REFUSED


def test_a_choice_by_a_picture_from_before_the_robot_moved_is_late(
    driver: Driver, order: Callable[..., Command], ana: Person, run: Run
) -> None:
    command, before = order(), knob(driver)
    driver.session.sights.moved(ROBOT)
    submit(run.pk, ana.pk, command)
    driver.tick()
    row = Intervention.objects.get(command_id=command.command)
    assert row.status == InterventionStatus.LATE
    assert "moved" in row.reason
    assert knob(driver) == before


def test_a_new_runner_asks_the_person_again(
    driver: Driver, make_driver: Callable[[], Driver], order: Callable[..., Command], ana: Person, run: Run
) -> None:
    submit(run.pk, ana.pk, order(steps=3))
    driver.tick()
    drawn = driver.session.helpers["quickly"].snapshot()["drawn"]
    second = make_driver()
    assert np.array_equal(second.session.helpers["quickly"].snapshot()["drawn"], drawn)
    before = knob(second)
    second.tick()
    assert knob(second) == before
    assert left(run, ana) is None


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        (
            {"mode": None, "steps": None, "x": 0.5, "y": 0.5},
            "takes no pushes; choose a way .* slowly, quickly",
        ),
        ({"mode": "sideways"}, "has no way 'sideways'; there are: slowly, quickly"),
        ({"steps": T_T + 1}, f"for 1 to {T_T} steps, not for {T_T + 1}"),
    ],
)
def test_what_the_task_does_not_offer_is_refused_with_a_sentence_and_not_kept(
    order: Callable[..., Command], ana: Person, run: Run, changes: dict[str, Any], why: str
) -> None:
    answer = submit(run.pk, ana.pk, order(**changes))
    assert answer["status"] == "refused"
    assert re.search(why, answer["reason"])
    assert not Intervention.objects.filter(person=ana).exists()


def test_a_choice_on_a_task_of_pushes_is_refused(ana: Person, run: Run) -> None:
    Run.objects.update(task="block_push")
    command = Command("teleoperation", uuid4(), ROBOT, "token", now_ms() + 4000, 0, mode="clockwise", steps=1)
    answer = submit(run.pk, ana.pk, command)
    assert answer["status"] == "refused"
    assert "offers no supervisor's way" in answer["reason"]


def test_a_choice_ends_with_its_lease_with_another_order_and_with_its_steps() -> None:
    lease = Lease(ROBOT, 0, 7, "teleoperation", "first", 10)
    assists = {ROBOT: Assist(lease, "quickly", 2)}
    assert going_on(assists, {ROBOT: lease}, ()) == assists
    assert going_on(assists, {ROBOT: replace(lease, token="second")}, ()) == {}
    assert going_on(assists, {}, ()) == {}
    assert going_on(assists, {ROBOT: lease}, [ROBOT]) == {}
    assert after_step(assists, []) == assists  # In motion: no step of it was taken.
    once = after_step(assists, [ROBOT])
    assert once[ROBOT].left == 1
    assert after_step(once, [ROBOT]) == {}
