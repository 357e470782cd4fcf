"""Arithmetic of training: bfloat16 where the processor has instructions for it, which is some three times
as fast; weights, optimizer and losses are float32 in any case."""

from typing import Literal

import torch

Precision = Literal["auto", "float32", "bfloat16"]


def uses_bfloat16(precision: Precision) -> bool:
    """Whether matrix products are in bfloat16; "auto" asks the processor (AMX or AVX512-BF16)."""
    if precision != "auto":
        return precision == "bfloat16"
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("amx_bf16") or capabilities.get("avx512_bf16"))
