"""Frames between a fleet and its worker: whatever is said arrives, whatever is none is refused."""

import ast
import json
from pathlib import Path

import numpy as np
import pytest

from robots.backends.isaacgym import protocol
from robots.backends.isaacgym.protocol import Decoder, ProtocolError, encode

WORKER_SIDE = ("protocol.py", "worker.py", "simulated.py")


def frame(header: object, payload: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return protocol._PREAMBLE.pack(b"IIFG", len(text), len(payload)) + text + payload


def test_what_is_said_arrives_however_it_is_cut() -> None:
    arrays = {name: np.arange(6).reshape(2, 3).astype(name) for name in protocol.TYPES}
    arrays |= {"empty": np.zeros((0, 4), dtype=np.float32), "plain": np.array(3.5)}
    sent = encode("step", {"robots": 2, "name": "ä"}, arrays) + encode("close")
    for size in (1, 7, len(sent)):
        decoder = Decoder()
        heard = [m for at in range(0, len(sent), size) for m in decoder.feed(sent[at : at + size])]
        assert [message.kind for message in heard] == ["step", "close"]
        assert heard[0].fields == {"robots": 2, "name": "ä"}
        for name, array in arrays.items():
            assert heard[0].arrays[name].dtype == array.dtype
            assert np.array_equal(heard[0].arrays[name], array)
            assert heard[0].arrays[name].shape == array.shape


def test_numbers_that_are_not_finite_arrive_as_they_are() -> None:
    values = np.array([np.nan, np.inf, -0.0], dtype=np.float32)
    (message,) = Decoder().feed(encode("stepped", None, {"reward": values}))
    assert message.arrays["reward"].tobytes() == values.tobytes()


@pytest.mark.parametrize("bad", [np.array(["text"]), np.array([object()]), np.array([1j]), np.float16([1])])
def test_only_plain_numbers_are_sent(bad: np.ndarray) -> None:
    with pytest.raises(ProtocolError, match="valid are bool"):
        encode("step", None, {"actions": bad})


def described(*array: object) -> dict[str, object]:
    return {"kind": "step", "fields": {}, "arrays": [list(array)]}


@pytest.mark.parametrize(
    "data",
    [
        b"Importing module 'gym_38'",
        b"I",  # Not yet wrong, but the next byte is.
        protocol._PREAMBLE.pack(b"IIFG", 2, 1 << 60),
        protocol._PREAMBLE.pack(b"IIFG", 1 << 31, 0),
        frame(b"{"),
        frame(b"\xff"),
        frame(b"[" * 100_000),
        frame([]),
        frame({"kind": 1, "fields": {}, "arrays": []}),
        frame({"kind": "step", "fields": {}, "arrays": []}, b"more"),
        frame(described("actions", "float32", [2]), b"1234"),
        frame(described("actions", "object", [1]), b"12345678"),
        frame(described("actions", "float32", [-1]), b""),
        frame(described("actions", "float32", [1 << 40, 1 << 40]), b""),
        frame(described("actions", "float32", [True]), b"1234"),
        frame(described("actions", "float32", [1] * 9), b"1234"),
        frame(described("actions", ["float32"], [1]), b"1234"),
        frame(described("actions", "float32"), b"1234"),
    ],
)
def test_what_is_no_frame_is_refused(data: bytes) -> None:
    decoder = Decoder()
    with pytest.raises(ProtocolError):
        decoder.feed(data) or decoder.feed(b"X")


def test_an_array_must_have_the_agreed_type_and_shape() -> None:
    (message,) = Decoder().feed(encode("stepped", None, {"reward": np.zeros(3, dtype=np.float32)}))
    assert protocol.array(message, "reward", "float32", (3,)).shape == (3,)
    for name, dtype, shape in (
        ("score", "float32", (3,)),
        ("reward", "bool", (3,)),
        ("reward", "float32", (2,)),
    ):
        with pytest.raises(ProtocolError, match=name):
            protocol.array(message, name, dtype, shape)


@pytest.mark.parametrize("name", WORKER_SIDE)
def test_the_workers_side_is_python_3_8_and_needs_numpy_alone(name: str) -> None:
    tree = ast.parse(Path(protocol.__file__).with_name(name).read_text(), feature_version=(3, 8))
    own = {file.removesuffix(".py") for file in WORKER_SIDE}
    known = {"__future__", "json", "struct", "typing", "os", "sys", "threading", "time", "numpy"}
    top = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    for node in top:
        names = [node.module] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
        assert set(names) <= known | own
    newer = {"zip": "strict", "dataclass": "slots"}  # Keywords that parse, and fail there.
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        keyword = newer.get(getattr(call.func, "id", ""))
        assert keyword not in [given.arg for given in call.keywords]
    assert not {"removeprefix", "removesuffix"} & {
        node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)
    }
