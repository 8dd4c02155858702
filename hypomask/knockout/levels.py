"""Reference levels: the value that "gone" means, per channel of measurement, always stated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from hypomask.data.scaling import Scaling
from hypomask.data.stored_values import chunks_of
from hypomask.errors import ConfigError, did_you_mean

__all__ = ["Levels", "at_dose", "parse_levels"]

EXTREMES = ("minimum", "maximum")
NAMES = (*EXTREMES, "zero", "absent")
LARGEST = 1e30  # what single precision still holds when it is multiplied by a dose
VALUES_AT_ONCE = 20_000_000  # of all samples, some genes at a time: a quantile takes a copy in float64


@dataclass(frozen=True)
class Levels:
    """The reference level of genes.

    ``minimum``, ``maximum``: of the gene over the cohort. ``zero``: 0 in the unit of the measurement. ``q0.05``: that
    quantile of the gene over the cohort. A number: that value. ``absent``: how the models code a value that was not
    measured, which is the mean of the training samples.

    Parameters
    ----------
    default
        For channels without a level of their own.
    by_channel
        Levels by channel.
    """

    default: str = "minimum"
    by_channel: Mapping[str, str] = field(default_factory=dict)

    def of_channel(self, channel: str) -> str:
        """Return the level of a channel as text."""
        return self.by_channel.get(channel, self.default)

    def describe(self, channels: Sequence[str]) -> str:
        """Return the levels in words."""
        said = [_words(self.of_channel(channel)) for channel in channels]
        if len(set(said)) == 1:
            return said[0]
        return "; ".join(f"{channel}: {words}" for channel, words in zip(channels, said, strict=True))

    def values(self, values_BGC: npt.NDArray[np.float32], channels: Sequence[str]) -> npt.NDArray[np.float64]:
        """Return (G, C) levels in the unit of the measurements; NaN for ``absent``, and for genes never measured.

        Parameters
        ----------
        values_BGC
            Measurements of the whole cohort; no phenotype is looked at.
        """
        level_GC = np.full(values_BGC.shape[1:], np.nan)
        for c, channel in enumerate(channels):
            level_GC[:, c] = _of_channel(values_BGC[:, :, c], self.of_channel(channel))
        return level_GC

    def doubts(self, values_BGC: npt.NDArray[np.float32], channels: Sequence[str]) -> tuple[str, ...]:
        """Return sentences about levels that are probably not what a knockout means."""
        doubts = []
        for c, channel in enumerate(channels):
            doubts += _beyond_measured(values_BGC[:, :, c], self.of_channel(channel), channel)
            if self.of_channel(channel) in ("minimum", "zero") and _is_binary(values_BGC[:, :, c]):
                doubts.append(
                    f"channel {channel!r} holds 0 and 1 alone, and the reference level is 0: right where 1 means that "
                    f"the gene is there; where 1 means that it is altered or lost, give --level {channel}=1"
                )
        return tuple(doubts)


def parse_levels(texts: Sequence[str], channels: Sequence[str]) -> Levels:
    """Read levels as they are given on the command line: ``minimum``, or ``channel=level``.

    Raises
    ------
    ConfigError
        A level or channel that there is not.
    """
    default, by_channel = Levels.default, {}
    for text in texts:
        channel, equals, level = text.rpartition("=")
        level = level.strip().lower()
        _check(level)
        if not equals:
            default = level
            continue
        if channel not in channels:
            raise ConfigError(
                f"--level {text}: no channel {channel!r}; the data have {', '.join(channels)}."
                f"{did_you_mean(channel, channels)}"
            )
        by_channel[channel] = level
    return Levels(default, by_channel)


def _check(level: str) -> None:
    if level in NAMES:
        return
    number = _number(level.removeprefix("q"))
    if number is None or (level.startswith("q") and not 0 <= number <= 1):
        raise ConfigError(
            f"level: got {level!r}, expected minimum, maximum, zero, absent, a quantile such as q0.05, or a number."
            f"{did_you_mean(level, NAMES)}"
        )


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if abs(value) <= LARGEST else None


def _of_channel(values_BG: npt.NDArray[np.float32], level: str) -> npt.NDArray[np.float64]:
    n_genes = values_BG.shape[1]
    if level == "absent":
        return np.full(n_genes, np.nan)
    if level in EXTREMES:
        extreme = np.fmin if level == "minimum" else np.fmax
        parts = [extreme.reduce(part_BG, axis=0) for _, part_BG in chunks_of(values_BG)]
        return np.asarray(extreme.reduce(parts, axis=0), dtype=np.float64)
    if level.startswith("q"):
        level_G = np.full(n_genes, np.nan)
        step = max(1, VALUES_AT_ONCE // max(len(values_BG), 1))
        for first in range(0, n_genes, step):
            part_BG = values_BG[:, first : first + step].astype(np.float64)
            measured = np.isfinite(part_BG).any(axis=0)
            level_G[first : first + step][measured] = np.nanquantile(part_BG[:, measured], float(level[1:]), axis=0)
        return level_G
    return np.full(n_genes, 0.0 if level == "zero" else float(level))


def _beyond_measured(values_BG: npt.NDArray[np.float32], level: str, channel: str) -> list[str]:
    """Say that a level given as a number lies beyond everything that was measured."""
    if level == "absent" or level in EXTREMES or level.startswith("q"):
        return []
    number = 0.0 if level == "zero" else float(level)
    least, largest = (
        float(fold.reduce(_of_channel(values_BG, extreme)))
        for fold, extreme in zip((np.fmin, np.fmax), EXTREMES, strict=True)
    )
    if least <= number <= largest or np.isnan(least):
        return []
    return [
        f"the reference level {number:g} lies beyond what was measured in channel {channel!r} ({least:.4g} to "
        f"{largest:.4g}): effects there are prolonged from what the models saw"
    ]


def _is_binary(values_BG: npt.NDArray[np.float32]) -> bool:
    """Return whether there are values, all of them 0 or 1."""
    is_any = False
    for _, part_BG in chunks_of(values_BG):
        known = part_BG[np.isfinite(part_BG)]
        if not np.isin(known, (0, 1)).all():
            return False
        is_any = is_any or bool(len(known))
    return is_any


def _words(level: str) -> str:
    if level in EXTREMES:
        return f"measured {level} of the gene in the cohort"
    if level == "absent":
        return "absent: as a value that was not measured, which is the mean of the training samples"
    if level.startswith("q"):
        return f"{100 * float(level[1:]):g} % quantile of the gene in the cohort"
    return f"{0 if level == 'zero' else float(level):g} in the unit of the measurements"


def at_dose(
    values_BGC: npt.NDArray[np.float32],
    level_GC: npt.NDArray[np.float64],
    scaling: Scaling,
    dose_G: npt.NDArray[np.float64],
) -> npt.NDArray[np.float32]:
    """Return (B, G, C) values ``level + dose * (measured - level)``.

    A level of NaN is the training mean. A gene that was not measured in a sample is at its level for a dose of 0, and
    stays not measured for any other.
    """
    level_GC = np.where(np.isnan(level_GC), scaling.center_GC, level_GC)
    edited = level_GC + dose_G[:, None] * (values_BGC - level_GC)
    return np.where(dose_G[:, None] == 0, level_GC, edited).astype(np.float32)
