"""Whether an error says that memory ran out, in whatever words."""

from __future__ import annotations

import torch

__all__ = ["memory_ran_out"]

# Libraries that take memory past torch's allocator say so in errors of no type of their own.
WORDS = ("CUDA error: out of memory", "CUBLAS_STATUS_ALLOC_FAILED", "CUSOLVER_STATUS_ALLOC_FAILED")


def memory_ran_out(error: BaseException | None) -> bool:
    """Return whether `error`, or what it was raised from or while it was handled, is about memory.

    The end of a CUDA graph's capture that ran out of memory raises an error about the capture.
    """
    while error is not None:
        if isinstance(error, torch.OutOfMemoryError):
            return True
        if isinstance(error, RuntimeError) and any(words in str(error) for words in WORDS):
            return True
        error = error.__cause__ or error.__context__
    return False
