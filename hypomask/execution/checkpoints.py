"""Trained models on the disk: one ``.npz`` per job, and one per mask, which all jobs of a model share.

A job's model is there before its predictions are, and the predictions' file names its hash; the ledger knows the hash
of the predictions. What the ledger calls done can therefore be predicted with again, or is found to be damaged.

Format 1
--------
``header`` (uint8): UTF-8 JSON with ``format``, ``job``, ``mask`` (a digest) and ``model``, beside the arrays that
`hypomask.training.stored_model` names. Masks lie in ``masks/DIGEST.npz`` as `hypomask.masks.storage` writes them.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hypomask.errors import HypothesisError, RunError
from hypomask.execution.durable import write_durably
from hypomask.execution.jobs import Job
from hypomask.execution.predictions import StoredFile
from hypomask.masks.mask import Mask
from hypomask.masks.storage import DAMAGE, load_mask, write_mask

if TYPE_CHECKING:
    from hypomask.training.fold_model import JobModel

__all__ = ["FORMAT", "CheckpointStore", "mask_digest"]

FORMAT = 1
MAX_BYTES = 8 << 30
AGAIN = "Give the compare command again: it makes what is missing."


class CheckpointStore:
    """The folder of stored models."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._masks: dict[str, Mask] = {}

    def write(self, job: Job, model: JobModel) -> StoredFile:
        """Write the model of `job`, and its mask where that is not there yet, durably.

        Raises
        ------
        RunError
            When the disk is full.
        """
        from hypomask.training.stored_model import mask_of, pack_model

        digest = self._write_mask(mask_of(model))
        header, arrays = pack_model(model)
        about = json.dumps({"format": FORMAT, "job": job.key, "mask": digest, "model": header}).encode()
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, header=np.frombuffer(about, dtype=np.uint8), **arrays)
        content = buffer.getvalue()
        name = _file_name(job)
        write_durably(self.folder / name, lambda file: file.write(content), f"the model of {job.key}")
        return StoredFile(name, hashlib.sha256(content).hexdigest())

    def is_intact(self, stored: StoredFile) -> bool:
        """Return whether model and mask are there, the model with the bytes that were written."""
        try:
            content = (self.folder / stored.name).read_bytes()
            if hashlib.sha256(content).hexdigest() != stored.sha256:
                return False
            with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
                self._read_mask(json.loads(arrays["header"].tobytes())["mask"])
        except (*DAMAGE, RunError):
            return False
        return True

    def read(self, job: Job, stored: StoredFile) -> JobModel:
        """Return the model of `job`.

        Raises
        ------
        RunError
            When a file is missing or damaged, or of a newer format.
        """
        from hypomask.training.stored_model import unpack_model

        path = self.folder / stored.name
        try:
            content = path.read_bytes()
            if hashlib.sha256(content).hexdigest() != stored.sha256:
                raise RunError(f"{path}: the model of {job.key} is not the one that was written. {AGAIN}")
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                if sum(entry.file_size for entry in archive.infolist()) > MAX_BYTES:
                    raise ValueError("it unpacks to more than a model can be")
            with np.load(io.BytesIO(content), allow_pickle=False) as file:
                arrays = dict(file)
            header = json.loads(arrays.pop("header").tobytes())
            if header["format"] > FORMAT:
                raise RunError(f"{path}: written by a newer hypomask (format {header['format']}). Update hypomask.")
            if header["job"] != job.key:
                raise ValueError(f"it is the model of {header['job']}")
            return unpack_model(header["model"], arrays, self._read_mask(header["mask"]))
        except DAMAGE as error:
            raise RunError(f"{path}: the model of {job.key} is missing or damaged ({error}). {AGAIN}") from error

    def _write_mask(self, mask: Mask) -> str:
        digest = mask_digest(mask)
        path = self._mask_path(digest)
        if digest not in self._masks:
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                write_durably(path, lambda file: write_mask(mask, file), f"the mask of {mask.name!r}")
            self._masks = {digest: mask}  # the next job most often has the same; all of them may be many
        return digest

    def _read_mask(self, digest: str) -> Mask:
        if digest not in self._masks:
            path = self._mask_path(digest)
            try:
                mask = load_mask(path)
            except HypothesisError as error:
                raise RunError(f"{error}\nThis is the mask of a stored model. {AGAIN}") from error
            if mask_digest(mask) != digest:
                raise RunError(f"{path}: this is not the mask that the model was trained under. {AGAIN}")
            self._masks = {digest: mask}
        return self._masks[digest]

    def _mask_path(self, digest: str) -> Path:
        return self.folder / "masks" / f"{digest}.npz"


def mask_digest(mask: Mask) -> str:
    """Return 40 hexadecimal digits that differ wherever two masks do, their names included."""
    header = [mask.name, mask.genes, mask.group_tokens, mask.relations, asdict(mask.prior), sorted(mask.heads.items())]
    digest = hashlib.blake2b(json.dumps(header).encode(), digest_size=20)
    for table in mask.layers:
        for column in (table.rows, table.cols, table.relation, table.weight):
            digest.update(np.ascontiguousarray(column).data)
        digest.update(b"|")
    return digest.hexdigest()


def _file_name(job: Job) -> str:
    return f"{job.file_name.removesuffix('.parquet')}.npz"
