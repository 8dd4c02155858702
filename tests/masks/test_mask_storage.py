"""Masks on disk: whole round trips, and damage that is named."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from hypomask.errors import HypothesisError
from hypomask.hypothesis.graph import Edge, GeneGroup, Hypothesis, Prior
from hypomask.masks.compile import compile_mask
from hypomask.masks.mask import EdgeTable, Mask
from hypomask.masks.references import no_interaction
from hypomask.masks.storage import FORMAT, load_mask, save_mask

GENES = ("NO", "1E5", "SEPT7", "γ-gene", "TP53")


def rich_mask() -> Mask:
    hypothesis = Hypothesis(
        "p53 ⊣ rivals",
        GENES,
        (Edge("NO", "1E5", "activates", weight=0.3), Edge("TP53", "SEPT7", "binds", directed=False)),
        (GeneGroup("root", ("NO",), "hierarchy", ("leaf",)), GeneGroup("leaf", GENES[2:], "hierarchy")),
        prior=Prior("learned", 1.5, 0.02),
        heads={"binds": 1},
    )
    return compile_mask(hypothesis, GENES, n_layers=3)[0]


def rewritten(path: Path, **changes: object) -> Path:
    """Save a mask with some arrays (or header fields) replaced."""
    save_mask(rich_mask(), path)
    with np.load(path) as stored:
        arrays = dict(stored)
    header = json.loads(arrays["header"].tobytes())
    for key, value in changes.items():
        if key in header:
            header[key] = value
        else:
            arrays[key] = np.asarray(value)
    arrays["header"] = np.frombuffer(json.dumps(header).encode(), dtype=np.uint8)
    with path.open("wb") as stream:
        np.savez(stream, **arrays)
    return path


@pytest.mark.parametrize(
    "mask", [rich_mask(), no_interaction(GENES), no_interaction(())], ids=["rich", "bare", "empty"]
)
def test_mask_comes_back_as_it_was(mask: Mask, tmp_path: Path) -> None:
    save_mask(mask, tmp_path / "m.npz")
    back = load_mask(tmp_path / "m.npz")
    for field in ("name", "genes", "group_tokens", "relations", "prior", "heads"):
        assert getattr(back, field) == getattr(mask, field)
    assert len(back.layers) == len(mask.layers)
    for ours, theirs in zip(mask.layers, back.layers, strict=True):
        for column in ("rows", "cols", "relation", "weight"):
            assert getattr(ours, column).dtype == getattr(theirs, column).dtype
            assert np.array_equal(getattr(ours, column), getattr(theirs, column))
    assert [file.name for file in tmp_path.iterdir()] == ["m.npz"]


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(HypothesisError, match="there is no such file"):
        load_mask(tmp_path / "none.npz")


@pytest.mark.parametrize("content", [b"", b"<html>not found</html>", b"PK\x03\x04 cut short", b"\x80\x04N."])
def test_other_files_are_no_masks(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "m.npz"
    path.write_bytes(content)
    with pytest.raises(HypothesisError, match=r"m\.npz: not a mask file, or a damaged one"):
        load_mask(path)


def test_file_cut_or_flipped_anywhere_is_refused_or_reads_as_the_same_mask(tmp_path: Path) -> None:
    whole = tmp_path / "whole.npz"
    save_mask(rich_mask(), whole)
    content = whole.read_bytes()
    rng = np.random.default_rng(0)
    broken = tmp_path / "broken.npz"
    refused = 0
    for trial in range(300):
        damaged = bytearray(content)
        if trial % 3 == 0:
            del damaged[int(rng.integers(0, len(content))) :]
        else:
            for place in rng.integers(0, len(content), 1 + trial % 4):
                damaged[place] ^= int(rng.integers(1, 256))
        broken.write_bytes(damaged)
        try:
            back = load_mask(broken)
        except HypothesisError:
            refused += 1
            continue
        # the byte was one that zip does not need, e.g. a time stamp
        assert back.genes == rich_mask().genes
        assert np.array_equal(back.pair_keys, rich_mask().pair_keys)
    assert refused > 150


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"format": FORMAT + 1}, "written by a newer hypomask"),
        ({"rows_0": np.array([99, 99], np.int32)}, "layer 0"),
        ({"weight_0": np.full(6, 2.0, np.float32)}, "layer 0"),
        ({"n_layers": 7}, "rows_3"),
        ({"n_layers": 0}, "got no layer"),
        ({"genes": ["A"]}, "expected 0 to"),
        ({"relations": []}, "got relation 2, expected 0 to -1"),
        ({"prior": {"kind": "hard", "colour": 1}}, "colour"),
        ({"heads": 3}, "not a mask file"),
    ],
)
def test_inconsistent_content_is_refused(changes: dict[str, object], said: str, tmp_path: Path) -> None:
    with pytest.raises(HypothesisError, match=said):
        load_mask(rewritten(tmp_path / "m.npz", **changes))


def test_objects_are_never_unpickled(tmp_path: Path) -> None:
    path = tmp_path / "m.npz"
    with path.open("wb") as stream:
        np.savez(stream, header=np.array([{"format": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(HypothesisError, match="not a mask file"):
        load_mask(path)


def test_failed_save_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "m.npz"
    save_mask(rich_mask(), path)

    def full_disk(*_: object, **__: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(np, "savez_compressed", full_disk)
    with pytest.raises(OSError, match="No space"):
        save_mask(Mask("other", GENES, (EdgeTable.build([], []),)), path)
    assert load_mask(path).name == "p53 ⊣ rivals"
    assert [file.name for file in tmp_path.iterdir()] == ["m.npz"]
