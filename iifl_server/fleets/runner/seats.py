"""Who holds which supervisor's seat: people first, up to a number, algorithms the rest. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from iifl_server.live.presence import Presence


@dataclass(frozen=True)
class Seat:
    """One of the M supervisors."""

    seat: int
    algorithm: str
    """Name of the algorithmic supervisor that has the seat when nobody else does; empty for none."""
    person: int | None = None
    name: str = ""
    paused: bool = False
    last_intervention_at: float | None = None
    """Server's clock [ms]."""

    @property
    def holder(self) -> str:
        """Who acts on this seat."""
        return self.name if self.person is not None else self.algorithm

    @property
    def available(self) -> bool:
        """May be assigned a robot: somebody is there, or an algorithm that knows the robots."""
        return not self.paused and (self.person is not None or bool(self.algorithm))


def take_seats(seats: Sequence[Seat], present: Mapping[int, Presence], people: int) -> tuple[Seat, ...]:
    """Seats for the coming step.

    Whoever is present keeps a seat; who left loses it to the algorithm, which goes on with the same robot;
    who came first takes the lowest free seat while fewer than `people` are seated.
    """
    seated: list[Seat] = []
    for seat in seats:
        there = present.get(seat.person) if seat.person is not None else None
        if there is not None:
            seated.append(replace(seat, name=there.name, paused=there.paused))
        elif seat.person is not None:
            seated.append(Seat(seat.seat, seat.algorithm))
        else:
            seated.append(seat)
    held = {seat.person for seat in seated if seat.person is not None}
    for person, entry in present.items():
        free = next((seat.seat for seat in seated if seat.person is None), None)
        if person in held or free is None or len(held) >= people:
            continue
        seated[free] = Seat(free, seats[free].algorithm, person, entry.name, entry.paused)
        held.add(person)
    return tuple(seated)


def no_seat_reason(seats: Sequence[Seat], people: int) -> str:
    """Why somebody at a console has no seat."""
    taken = [seat.name for seat in seats if seat.person is not None]
    if people == 0:
        return "This run has no seats for people; algorithms supervise it."
    if len(taken) >= people:
        return f"All {people} seats for people are taken (by {', '.join(taken)}); the next one free is yours."
    return "The fleet gives you a seat at its next step."
