"""Who sits where: people present take seats up to a number, algorithms the rest."""

from iifl_server.fleets.runner.seats import Seat, no_seat_reason, take_seats
from iifl_server.fleets.runner.waits import Waits
from iifl_server.live.presence import SEAT_GRACE_MS, Presence, present_people

ALGORITHMS = (Seat(0, "one"), Seat(1, "two"))
NOW = 1e12


def people(*names: str, paused: str = "", ages: tuple[float, ...] = ()) -> dict[int, Presence]:
    entries = [
        Presence(index, name, NOW - 100 + index, NOW - (ages[index] if ages else 0), name == paused)
        for index, name in enumerate(names)
    ]
    return present_people(entries, NOW)


def holders(seats: tuple[Seat, ...]) -> list[str]:
    return [seat.holder for seat in seats]


def test_algorithms_hold_all_seats_while_nobody_is_there() -> None:
    assert holders(take_seats(ALGORITHMS, {}, 1)) == ["one", "two"]


def test_whoever_came_first_is_seated_and_no_more_than_the_run_has_seats_for() -> None:
    seats = take_seats(ALGORITHMS, people("ana", "ben"), 1)
    assert holders(seats) == ["ana", "two"]
    assert "ana" in no_seat_reason(seats, 1)
    assert holders(take_seats(ALGORITHMS, people("ana", "ben"), 2)) == ["ana", "ben"]


def test_a_seat_is_kept_during_the_grace_time_and_then_goes_back_to_its_algorithm() -> None:
    seats = take_seats(ALGORITHMS, people("ana"), 1)
    assert holders(take_seats(seats, people("ana", ages=(SEAT_GRACE_MS - 1,)), 1)) == ["ana", "two"]
    assert take_seats(seats, people("ana", ages=(SEAT_GRACE_MS + 1,)), 1) == ALGORITHMS


def test_the_next_in_line_takes_the_seat_of_who_left() -> None:
    seats = take_seats(ALGORITHMS, people("ana", "ben"), 1)
    left = people("ana", "ben", ages=(SEAT_GRACE_MS + 1, 0))
    assert holders(take_seats(seats, left, 1)) == ["ben", "two"]


def test_a_pause_keeps_the_seat_and_takes_no_robot() -> None:
    (first, second) = take_seats(ALGORITHMS, people("ana", paused="ana"), 1)
    assert (first.holder, first.available) == ("ana", False)
    assert second.available


def test_nobody_sits_in_a_run_without_seats_for_people() -> None:
    seats = take_seats(ALGORITHMS, people("ana"), 0)
    assert seats == ALGORITHMS
    assert "no seats" in no_seat_reason(seats, 0)


def test_waits_count_from_the_first_call_and_calls_served_at_once_count_as_zero() -> None:
    waits = Waits().update(queue=[2], arrived=[0], now=1000)
    waits = waits.update(queue=[2], arrived=[], now=2000)
    assert waits.waited_s(2, 3000) == 2.0
    waits = waits.update(queue=[], arrived=[2], now=4000)
    assert waits.ended == (0.0, 3.0)
    assert waits.waited_s(2, 9000) == 0.0
