"""What a job is, and how the models of a study are named."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["NO_INTERACTION", "UNCONSTRAINED", "Job", "NullName", "hypothesis_model", "null_model", "null_name"]

NO_INTERACTION = "reference/no-interaction"
UNCONSTRAINED = "reference/unconstrained"


class NullName(NamedTuple):
    """The hypothesis and the draw that a null model stands for."""

    hypothesis: str
    draw: int


@dataclass(frozen=True, order=True)
class Job:
    """One model trained with one fold of one repeat held out: the smallest thing that is done or not done."""

    model: str
    repeat: int
    fold: int

    @property
    def key(self) -> str:
        """Unique text of the job, e.g. ``hypothesis/p53 r0 f3``."""
        return f"{self.model} r{self.repeat} f{self.fold}"

    @property
    def split(self) -> tuple[int, int]:
        """(repeat, fold): jobs of one split share the standardised data and the additive part."""
        return self.repeat, self.fold

    @property
    def file_name(self) -> str:
        """Name of the prediction file: readable, safe on every file system, and unique by a digest of the key."""
        readable = re.sub(r"[^A-Za-z0-9.-]+", "_", self.model)[:60]
        digest = hashlib.blake2b(self.key.encode(), digest_size=5).hexdigest()
        return f"{readable}.r{self.repeat}.f{self.fold}.{digest}.parquet"


def hypothesis_model(name: str) -> str:
    """Return the model name of hypothesis `name`."""
    return f"hypothesis/{name}"


def null_model(name: str, draw: int) -> str:
    """Return the model name of null draw `draw` of hypothesis `name`."""
    return f"null/{name}/{draw}"


def null_name(model: str) -> NullName | None:
    """Return hypothesis and draw of a null model's name, None for any other model. Names may contain slashes."""
    kind, _, rest = model.partition("/")
    if kind != "null":
        return None
    name, _, draw = rest.rpartition("/")
    return NullName(name, int(draw))
