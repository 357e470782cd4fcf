"""What an agent says: an answer or a failure to each request by its number, and events that nobody asked for.

An answer is never matched to a request by its place in the stream.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from robots.remote.framing import Packet, ProtocolError
from robots.remote.messages import LONGEST_TEXT, request_number


@dataclass(frozen=True)
class Answer:
    """To one request, by its number."""

    number: int
    fields: Mapping[str, Any]
    payload: bytes = b""


@dataclass(frozen=True)
class Failure:
    """A request was not carried out, and why: a sentence with the mend."""

    number: int
    sentence: str


@dataclass(frozen=True)
class Event:
    """Told without being asked: `picture` (its JPEG is the payload), `ended`, `closing`."""

    kind: str
    fields: Mapping[str, Any]
    payload: bytes = b""


def reply_packet(reply: Answer | Failure | Event) -> Packet:
    """What an agent says, as it travels."""
    match reply:
        case Answer(number, told, payload):
            return Packet({"answer": number, "fields": dict(told)}, payload)
        case Failure(number, sentence):
            return Packet({"failure": number, "sentence": sentence[:LONGEST_TEXT]})
        case Event(kind, told, payload):
            return Packet({"event": kind, "fields": dict(told)}, payload)


def read_reply(packet: Packet) -> Answer | Failure | Event:
    """What an agent said; raises ProtocolError for anything else."""
    match dict(packet.header):
        case {"answer": number, "fields": dict(told)}:
            return Answer(request_number(number), told, packet.payload)
        case {"failure": number, "sentence": str(sentence)}:
            return Failure(request_number(number), sentence)
        case {"event": str(kind), "fields": dict(told)}:
            return Event(kind, told, packet.payload)
    raise ProtocolError(f"the agent said {str(dict(packet.header))[:80]}, which is no answer and no event")
