"""A mask as a picture: a dot for every allowed pair up to a few hundred tokens, a histogram of degrees beyond."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from markupsafe import Markup

from hypomask.masks.mask import Mask
from hypomask.report.figures.degree_bars import degree_bars
from hypomask.report.figures.svg import compact, element, figure
from hypomask.report.wording import count, percentage, shorten

__all__ = ["MAX_TOKENS", "mask_picture"]

MAX_TOKENS = 300
MAX_LABELLED = 40
MAX_RUNS = 12_000  # keeps one picture below about 150 kB


def mask_picture(mask: Mask, *, name: str) -> Markup:
    """Draw `mask`: rows receive, columns are read. `name` is a prefix of element ids, unique in the page.

    Tokens without any edge are left out of the dot picture when all of them would not fit.
    """
    allowed = _union(mask)
    tokens = np.arange(mask.n_tokens)
    if mask.n_tokens > MAX_TOKENS:
        tokens = np.flatnonzero(_degrees(allowed, 0) + _degrees(allowed, 1))
    if len(tokens) <= MAX_TOKENS:
        dense = allowed[tokens][:, tokens].toarray()
        starts = np.flatnonzero(np.diff(np.pad(dense, ((0, 0), (1, 0))).astype(np.int8), axis=1).reshape(-1) == 1)
        if len(starts) <= MAX_RUNS:
            return _dots(mask, tokens, dense, name)
    description = f"{_summary(mask)}: too many for a picture of dots."
    return degree_bars(f"Degrees of {mask.name}", description, _degrees(allowed, 1), _degrees(allowed, 0), name=name)


def _union(mask: Mask) -> sp.csr_array:
    """Off-diagonal pairs allowed in any layer."""
    union = mask.csr(0, diagonal=False)
    for layer in range(1, len(mask.layers)):
        union = sp.csr_array(union + mask.csr(layer, diagonal=False))
    return sp.csr_array(union.astype(bool))


def _degrees(allowed: sp.csr_array, axis: int) -> npt.NDArray[np.int64]:
    return np.asarray(allowed.astype(np.int64).sum(axis=axis)).reshape(-1)


def _dots(mask: Mask, tokens: npt.NDArray[np.int64], dense: npt.NDArray[np.bool_], name: str) -> Markup:
    names = [*mask.genes, *mask.group_tokens]
    size = len(tokens)
    labelled = size <= MAX_LABELLED
    cell = 12.0 if labelled else max(1.5, 360.0 / max(size, 1))
    margin = 66.0 if labelled else 4.0
    path = []
    for row, line in enumerate(dense):
        edges = np.flatnonzero(np.diff(np.concatenate([[0], line.astype(np.int8), [0]])))
        for start, stop in zip(edges[::2], edges[1::2], strict=True):  # one rectangle for a run of neighbours
            path.append(f"M{start} {row}h{stop - start}v1h-{stop - start}z")
    extent = size * cell
    place = f"translate({compact(margin)} {compact(margin)}) scale({compact(cell)})"
    diagonal = element(
        "path", d=f"M0 0L{size} {size}", class_="diagonal", transform=place, vector_effect="non-scaling-stroke"
    )
    parts = [
        element("rect", x=margin, y=margin, width=compact(extent), height=compact(extent), class_="frame"),
        diagonal,
        element("path", d="".join(path), class_="cells", transform=place),
    ]
    for k, token in enumerate(tokens if labelled else []):
        middle = compact(margin + (k + 0.5) * cell)
        label = shorten(names[token], 9)
        parts.append(element("text", label, x=margin - 4, y=middle, class_="gene", text_anchor="end", dy="0.35em"))
        turn = f"translate({middle} {compact(margin - 4)}) rotate(-90)"
        parts.append(element("text", label, transform=turn, class_="gene", dy="0.35em"))
    side = compact(margin + extent + 4)
    left_out = mask.n_tokens - size
    description = f"{_summary(mask)}. A mark in row t, column s means that t may read s: s acts on t. " + (
        f"{count(left_out, 'token')} without edges left out." if left_out else ""
    )
    return figure(name, f"Mask of {mask.name}", description, *parts, view_box=f"0 0 {side} {side}")


def _summary(mask: Mask) -> str:
    return f"{count(mask.n_tokens, 'token')}, {count(mask.n_edges, 'edge')}, {percentage(mask.density)} of all pairs"
