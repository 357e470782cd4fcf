"""Arithmetic of matrix products: bfloat16 where the processor has instructions for it, some three times as
fast; what is added up over many steps, and what is kept, is float32 in any case."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import torch

Precision = Literal["auto", "float32", "bfloat16"]
_LIMITS = ("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA")
_WITHOUT_BFLOAT16 = ("SSE41", "AVX", "AVX2", "AVX2_VNNI", "AVX2_VNNI_2", "AVX512_CORE", "AVX512_CORE_VNNI")
"""Values of _LIMITS with which torch's library may not use the instructions that the processor has; it then
emulates bfloat16, ten times slower than float32."""


def uses_bfloat16(precision: Precision, device: torch.device | None = None) -> bool:
    """Whether matrix products are in bfloat16; "auto" asks the GPU, or the processor (AMX or AVX512-BF16) and
    what the environment lets torch use of it."""
    if precision != "auto":
        return precision == "bfloat16"
    if device is not None and device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    limits = [os.environ[name].strip().upper() for name in _LIMITS if name in os.environ]
    if limits and limits[0] in _WITHOUT_BFLOAT16:
        return False
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
