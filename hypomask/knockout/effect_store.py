"""Effects in the eyes of each model on the disk, so that a scan that was stopped goes on where it was."""

from __future__ import annotations

import fcntl
import hashlib
import io
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from hypomask.errors import RunError
from hypomask.execution.durable import failed_write, remove_stale_temporaries, write_durably
from hypomask.execution.jobs import Job
from hypomask.masks.storage import DAMAGE
from hypomask.outcomes.family import Float

__all__ = ["EffectStore", "JobEffects", "scan_key"]

Effects = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class JobEffects:
    """Effects of I interventions on K outputs, by the models of one job, in samples that it held out.

    Parameters
    ----------
    index
        (B,) positions of the samples in the cohort.
    direct_IKB, mediated_IKB, unit_IKB
        Through genes' own terms, through the mask, and of both in the phenotype's own terms; means over replicates.
        Stored with seven digits.
    by_replicate_MIK, mediated_by_replicate_MIK
        Mean effect over the samples, and its mediated part, of each replicate.
    before_KB
        What is predicted of the samples as measured, in the phenotype's own terms.
    """

    index: npt.NDArray[np.int64]
    direct_IKB: Effects
    mediated_IKB: Effects
    unit_IKB: Effects
    by_replicate_MIK: Float
    mediated_by_replicate_MIK: Float
    before_KB: Float

    def contrasts(self, matrix_CI: sp.csr_array) -> JobEffects:
        """Return linear combinations of the interventions' effects, a row of the matrix each."""

        def combined(effects: npt.NDArray[Any], axis: int) -> npt.NDArray[Any]:
            moved = np.moveaxis(effects, axis, 0)
            flat = matrix_CI @ moved.reshape(len(moved), -1).astype(np.float64)
            return np.moveaxis(np.asarray(flat).reshape(-1, *moved.shape[1:]), 0, axis).astype(effects.dtype)

        return replace(
            self,
            direct_IKB=combined(self.direct_IKB, 0),
            mediated_IKB=combined(self.mediated_IKB, 0),
            unit_IKB=combined(self.unit_IKB, 0),
            by_replicate_MIK=combined(self.by_replicate_MIK, 1),
            mediated_by_replicate_MIK=combined(self.mediated_by_replicate_MIK, 1),
        )


ARRAYS = tuple(JobEffects.__dataclass_fields__)


class EffectStore:
    """A folder of effects, one file per job; all of one scan, which `key` stands for. Open it with `with`."""

    def __init__(self, folder: Path, key: str) -> None:
        self.folder, self.key = folder, key
        self._held = -1

    def __enter__(self) -> Self:
        """Make the folder and hold it, until the block ends or the process is killed.

        Raises
        ------
        RunError
            Another process makes the same scan, or the folder cannot be written to.
        """
        try:
            self._held = _hold(self.folder)
        except BlockingIOError:
            raise RunError(
                f"{self.folder.parent}: another process is asking these models the same. Wait for it to end, or end "
                "it and give this command again: it goes on from there."
            ) from None
        except OSError as error:
            raise failed_write(error, self.folder, "the effects of knockouts") from error
        remove_stale_temporaries(self.folder)
        return self

    def __exit__(self, *raised: object) -> None:
        """Let go of the folder; what is in it stays."""
        os.close(self._held)

    def write(self, job: Job, effects: JobEffects) -> None:
        """Write the effects of `job` durably."""
        header = np.frombuffer(json.dumps({"key": self.key, "job": job.key}).encode(), dtype=np.uint8)
        buffer = io.BytesIO()
        arrays: dict[str, Any] = {name: getattr(effects, name) for name in ARRAYS}
        np.savez(buffer, allow_pickle=False, header=header, **arrays)
        write_durably(self._path(job), lambda file: file.write(buffer.getvalue()), f"the effects of {job.key}")

    def read(self, job: Job) -> JobEffects | None:
        """Return the effects of `job`; None where they are not there, damaged, or of another scan."""
        try:
            with np.load(self._path(job), allow_pickle=False) as arrays:
                header = json.loads(arrays["header"].tobytes())
                if header != {"key": self.key, "job": job.key}:
                    return None
                return JobEffects(**{name: arrays[name] for name in ARRAYS})
        except DAMAGE:
            return None

    def has(self, job: Job) -> bool:
        """Return whether the effects of `job` can be read."""
        return self.read(job) is not None

    def clear(self) -> None:
        """Delete the files: what was made of them is stored elsewhere."""
        for file in self.folder.glob("*.npz"):
            file.unlink(missing_ok=True)
        try:
            self.folder.rmdir()
        except OSError as error:
            if any(self.folder.iterdir()):
                return
            raise RunError(f"{self.folder}: cannot delete this folder ({error.strerror})") from error

    def _path(self, job: Job) -> Path:
        return self.folder / f"{job.file_name.removesuffix('.parquet')}.npz"


def _hold(folder: Path) -> int:
    """Make and lock `folder`; return its descriptor. A process that was first may have deleted it just now."""
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if folder.exists() and os.path.samestat(os.fstat(descriptor), folder.stat()):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def scan_key(content: Mapping[str, Any]) -> str:
    """Return 16 hexadecimal digits that stand for a scan: what is done to which models, and how it is measured."""
    return hashlib.blake2b(json.dumps(content, sort_keys=True).encode(), digest_size=8).hexdigest()
