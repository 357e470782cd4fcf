"""The Python codec agrees with the examples that the JavaScript codec is held to."""

import json
from pathlib import Path
from typing import Any

import pytest

from iifl_server.live.frames import FrameHeader, pack_frame, unpack_frame
from iifl_server.live.protocol import ProtocolError, decode

EXAMPLES = Path(__file__).parents[1] / "wire"
FROM_PAGES = (
    "hello",
    "ping",
    "watch",
    "frame_ack",
    "push",
    "assist",
    "hard_reset",
    "hand_back",
    "verdict",
    "put_right",
    "set_aside",
    "pause",
    "stop",
    "motors_off",
    "start",
)


def examples(name: str) -> list[Any]:
    return [
        pytest.param(one, id=f"{name}: {one['name']}")
        for one in json.loads((EXAMPLES / f"{name}.json").read_text())
    ]


@pytest.mark.parametrize("example", [one for name in FROM_PAGES for one in examples(name)])
def test_messages_of_pages(example: dict[str, Any]) -> None:
    text = json.dumps(example["message"], separators=(",", ":"))
    if example["valid"]:
        assert decode(text) == example["message"]
    else:
        with pytest.raises(ProtocolError) as refused:
            decode(text)
        assert str(refused.value)
        assert refused.value.code in ("malformed", "protocol")


@pytest.mark.parametrize("example", examples("text"))
def test_raw_text(example: dict[str, Any]) -> None:
    if example["valid"]:
        assert decode(example["text"])["type"]
    else:
        with pytest.raises(ProtocolError) as refused:
            decode(example["text"])
        assert refused.value.code == example["code"]


@pytest.mark.parametrize("example", examples("frames"))
def test_frames(example: dict[str, Any]) -> None:
    data = bytes.fromhex(example["hex"])
    if not example["valid"]:
        with pytest.raises(ValueError, match=r"."):
            unpack_frame(data)
        return
    fields = example["fields"]
    header, jpeg = unpack_frame(data)
    anchor = tuple(fields["anchor"]) if fields["anchor"] else None
    assert jpeg.hex() == fields["jpeg"]
    assert header == FrameHeader(
        fields["size"],
        fields["robot"],
        fields["frame"],
        fields["step"],
        fields["captured_at"],
        anchor,
        fields["reach"],
    )
    assert pack_frame(header, jpeg) == data
