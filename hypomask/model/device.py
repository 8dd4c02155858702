"""Where models are trained."""

from __future__ import annotations

import re

from hypomask.errors import ConfigError

__all__ = ["choose_device"]


def choose_device(device: str) -> str:
    """Return the device that `device` stands for: ``auto`` is CUDA where torch can use it, else the CPU.

    Raises
    ------
    ConfigError
        When the name is none, or the device is not there.
    """
    if device == "cpu":
        return device
    if device != "auto" and not re.fullmatch(r"cuda(:[0-9]+)?", device):
        raise ConfigError(f"device: got {device!r}, expected auto, cpu, cuda or cuda:N")
    import torch

    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    n_devices = torch.cuda.device_count() if torch.cuda.is_available() else 0
    number = int(device.partition(":")[2] or 0)
    if number >= n_devices:
        there = f"{n_devices} CUDA device{'s' if n_devices > 1 else ''}" if n_devices else "no CUDA device"
        raise ConfigError(f"device: got {device!r}, but torch finds {there} here; use --device auto or cpu")
    return device
