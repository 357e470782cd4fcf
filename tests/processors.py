"""Another processor's arithmetic, on this one: for finding tests that hold on one machine alone.

Processors with AMX or AVX512-BF16 multiply in bfloat16 where precision is "auto", and every processor adds
products up in an order of its own. Both are imitated here, the second by moving the result of each product by
a few units in its last place: always the same way for the same numbers, as a real processor would.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

PRODUCTS = (
    "mm",
    "addmm",
    "bmm",
    "baddbmm",
    "mv",
    "addmv",
    "dot",
    "convolution",
    "exp",
    "logsumexp",
    "sum",
    "mean",
)
UNITS = {torch.float64: 2.0**-51, torch.float32: 2.0**-22, torch.bfloat16: 2.0**-8}
"""Largest relative move: two units in the last place, one in bfloat16."""


class OtherRounding(TorchDispatchMode):
    """Within it, products and sums end a few units in the last place away from where they would."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        name = func.overloadpacket.__name__
        if name in PRODUCTS and isinstance(result, Tensor) and result.dtype in UNITS:
            # A function of the number alone, so that equal sums in equal programs stay equal.
            turned = torch.cos(result.double() * 7919.0).to(result.dtype)
            result.add_(result * turned * UNITS[result.dtype])
        return result


@contextmanager
def as_if(*, bfloat16: bool = False, rounding: bool = False) -> Iterator[None]:
    """What runs inside, in this thread, computes as on another processor."""
    with ExitStack() as stack:
        if bfloat16:
            capabilities = {**torch.cpu.get_capabilities(), "avx512_bf16": True}
            stack.enter_context(patch.object(torch.cpu, "get_capabilities", lambda: capabilities))
        if rounding:
            stack.enter_context(OtherRounding())
        yield
