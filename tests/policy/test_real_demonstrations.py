"""The paper's claim on its authors' data: an energy keeps both ways to turn the hand, cloning neither."""

import numpy as np
import parting
import pytest

from policy.learning import sample_actions
from policy.learning.demonstrations import Demonstrations

pytestmark = pytest.mark.skipif(
    not (parting.DATA / "franka_cube_stack_supervisor2.npz").exists(), reason="no recorded demonstrations"
)


@pytest.fixture(scope="module")
def supervisors() -> list[Demonstrations]:
    return parting.read()


def test_the_recorded_files_are_whole_and_one_action_of_each_is_clipped(
    supervisors: list[Demonstrations],
) -> None:
    assert [len(read.episodes) for read in supervisors] == [8, 9]
    assert [int(read.clipped.sum()) for read in supervisors] == [1, 1]
    for read in supervisors:
        assert read.episodes[-1].stop == len(read)
        assert np.abs(read.actions).max() == 1.0


def test_an_energy_keeps_both_turns_of_the_hand_and_cloning_answers_between_them(
    supervisors: list[Demonstrations],
) -> None:
    """In episodes that two supervisors begin in the same state, and turn the hand to different faces."""
    starts = parting.parting(supervisors)
    assert starts, "no two supervisors turn differently from the same state"
    implicit, cloning, mixture = parting.learned(supervisors, starts)
    states = np.stack([state for *_, state in starts])
    turns = np.array([turns for _, turns, _ in starts])  # (n, 2)
    near = 0.25 * (turns[:, 1] - turns[:, 0])
    for policy in (implicit, mixture):
        drawn = sample_actions(policy, states, 400, 0)[..., 0]  # (n, 400)
        shares = (np.abs(drawn[:, None] - turns[..., None]) < near[:, None, None]).mean(axis=2)  # (n, 2)
        assert (shares > 0.2).all(), (policy.kind, shares)
    answers = cloning.decide(states).actions[:, 0]
    assert (answers > turns[:, 0] + near).all()
    assert (answers < turns[:, 1] - near).all()
