"""Packets and messages: whole streams in any pieces, and nonsense that is named and never guessed at."""

import json
import random
import struct
import zlib

import pytest

from robots.remote import framing, messages, replies
from robots.remote.framing import Packet, ProtocolError, Splitter, encode
from robots.remote.messages import Act, Beat, Became, Hello, Observe, Release, ResetPrompt, Stop, Subscribe

REQUESTS = [
    Hello("driver"),
    Beat(),
    Observe(),
    Subscribe(10.0),
    Act("m1", "s1", (0.1, -0.2), (0.3, 0.0), 0.25, 12.5, 1.0),
    Stop("somebody is there", True),
    Release(),
    Became(("m1", "m2")),
    ResetPrompt("put the block back"),
]
REPLIES = [
    replies.Answer(3, {"clock": 1.5}, b"picture"),
    replies.Failure(4, "it is too late"),
    replies.Event("ended", {"motion": "m1"}),
]


def fed(splitter, data):
    return list(splitter.feed(data))


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda request: request.kind)
def test_requests_survive_the_way(request_):
    (packet,) = fed(Splitter(), encode(messages.request_packet(7, request_)))
    assert messages.read_request(packet) == (7, request_)


def test_every_request_is_tested():
    assert {request.kind for request in REQUESTS} == set(messages.REQUESTS)


@pytest.mark.parametrize("reply", REPLIES, ids=lambda reply: type(reply).__name__)
def test_replies_survive_the_way(reply):
    (packet,) = fed(Splitter(), encode(replies.reply_packet(reply)))
    assert replies.read_reply(packet) == reply


def test_a_stream_reads_the_same_in_any_pieces():
    sent = [Packet({"request": number}, bytes(number * 7)) for number in range(20)]
    stream = b"".join(encode(packet) for packet in sent)
    source = random.Random(0)
    for _ in range(50):
        splitter, heard, at = Splitter(), [], 0
        while at < len(stream):
            size = source.choice((1, 2, 19, 20, 21, 400))
            heard += fed(splitter, stream[at : at + size])
            at += size
        assert heard == sent


def test_random_bytes_are_refused_and_never_read_as_a_packet():
    source = random.Random(1)
    for _ in range(500):
        with pytest.raises(ProtocolError):
            fed(Splitter(), source.randbytes(source.randrange(4, 200)))


def test_a_changed_byte_is_noticed_wherever_it_is():
    good = encode(Packet({"request": 1, "kind": "beat"}, b"some bytes"))
    source = random.Random(2)
    for at in range(len(good)):
        if 5 <= at < 8:
            continue  # Padding.
        bad = bytearray(good)
        bad[at] ^= 1 << source.randrange(8)
        splitter = Splitter()
        try:
            heard = fed(splitter, bytes(bad))
        except ProtocolError:
            with pytest.raises(ProtocolError):
                fed(splitter, good)
        else:
            assert heard == []  # A larger size: it waits for more, which the checksum will not fit.
            with pytest.raises(ProtocolError):
                fed(splitter, good * (framing.LARGEST_PAYLOAD // len(good) + 2000))


def test_packets_before_nonsense_are_heard():
    splitter, heard = Splitter(), []
    with pytest.raises(ProtocolError, match="Traceback"):
        heard.extend(splitter.feed(encode(Packet({"request": 1})) + b"Traceback (most recent call last)"))
    assert heard == [Packet({"request": 1})]


def test_a_print_on_the_stream_is_named():
    with pytest.raises(ProtocolError, match="Welcome to Debian"):
        fed(Splitter(), b"Welcome to Debian\n")


def test_another_version_is_named():
    other = bytearray(encode(Packet({})))
    other[4] = framing.VERSION + 1
    with pytest.raises(ProtocolError, match="same release"):
        fed(Splitter(), bytes(other))


def test_too_large_is_refused_at_both_ends():
    with pytest.raises(ProtocolError, match="payload"):
        encode(Packet({}, bytes(framing.LARGEST_PAYLOAD + 1)))
    with pytest.raises(ProtocolError, match="header"):
        encode(Packet({"text": "x" * framing.LARGEST_HEADER}))
    with pytest.raises(ProtocolError, match="header"):
        fed(Splitter(), struct.pack(">4sB3xIII", b"IIFL", framing.VERSION, 2**31, 0, 0))


@pytest.mark.parametrize("header", [b"[]", b"{", b'{"a": NaN}', b"\xff", b"[" * 5000, b"null"])
def test_headers_that_are_no_objects_are_refused(header):
    head = struct.pack(">4sB3xIII", b"IIFL", framing.VERSION, len(header), 0, zlib.crc32(header))
    with pytest.raises(ProtocolError):
        fed(Splitter(), head + header)


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ({}, "request number"),
        ({"request": True, "kind": "beat"}, "request number"),
        ({"request": -1, "kind": "beat"}, "request number"),
        ({"request": 1}, "unknown; valid are hello"),
        ({"request": 1, "kind": "dance"}, "'dance' is unknown"),
        ({"request": 1, "kind": ["beat"]}, "unknown"),
        ({"request": 1, "kind": "beat", "loud": 1}, "unknown fields"),
        ({"request": 1, "kind": "stop"}, "missing"),
        ({"request": 1, "kind": "stop", "reason": ""}, "reason"),
        ({"request": 1, "kind": "stop", "reason": "x", "motors_off": 1}, "motors_off"),
        ({"request": 1, "kind": "subscribe", "rate": "fast"}, "rate"),
        ({"request": 1, "kind": "subscribe", "rate": -1}, "at least 0"),
        ({"request": 1, "kind": "became", "motions": "m1"}, "list of ids"),
    ],
)
def test_requests_that_make_no_sense_are_named(header, says):
    with pytest.raises(ProtocolError, match=says):
        messages.read_request(Packet(header))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("begin", [1]),
        ("end", "ab"),
        ("end", [1, None]),
        ("speed", 10**400),
        ("begin_by", None),
        ("motion", ""),
    ],
)
def test_orders_that_make_no_sense_are_named(field, value):
    header = dict(messages.request_packet(1, REQUESTS[4]).header) | {field: value}
    with pytest.raises(ProtocolError, match=field):
        messages.read_request(Packet(header))


def test_replies_that_make_no_sense_are_named():
    for header in ({}, {"answer": "1", "fields": {}}, {"answer": 1}, {"event": 1, "fields": {}}):
        with pytest.raises(ProtocolError):
            replies.read_reply(Packet(header))


def test_headers_are_json():
    packet = messages.request_packet(1, REQUESTS[4])
    assert json.loads(json.dumps(dict(packet.header)))["kind"] == "act"
