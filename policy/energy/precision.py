"""Arithmetic of matrix products: bfloat16 where the processor has instructions for it, some three times as
fast; what is added up over many steps, and what is kept, is float32 in any case."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import torch

Precision = Literal["auto", "float32", "bfloat16"]


def uses_bfloat16(precision: Precision, device: torch.device | None = None) -> bool:
    """Whether matrix products are in bfloat16; "auto" asks the processor (AMX or AVX512-BF16) or the GPU."""
    if precision != "auto":
        return precision == "bfloat16"
    if device is not None and device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("amx_bf16") or capabilities.get("avx512_bf16"))


@contextmanager
def matrix_products(precision: Precision, device: torch.device) -> Iterator[None]:
    """Within it, what a GPU multiplies in float32 is TensorFloat-32 (10 bits of mantissa) under "auto".

    Any other precision is exact there, whatever the process has set, and nothing changes on a processor.
    """
    if device.type != "cuda":
        yield
        return
    products = torch.backends.cuda.matmul
    before = products.fp32_precision == "tf32"  # can be read whichever way it was set, allow_tf32 cannot
    products.allow_tf32 = precision == "auto"
    try:
        yield
    finally:
        products.allow_tf32 = before
