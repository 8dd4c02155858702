"""A mask of any size as a heat map, its tokens brought together by groups, with a column for each group's members."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from markupsafe import Markup
from scipy.sparse.csgraph import reverse_cuthill_mckee

from hypomask.hypothesis.graph import GeneGroup
from hypomask.masks.mask import Mask
from hypomask.report.figures.svg import compact, element, figure
from hypomask.report.wording import count, percentage, shorten

__all__ = ["MAX_CELLS", "mask_heat_map", "token_order"]

MAX_LABELLED = 40
MAX_CELLS = 120  # rows and columns drawn; beyond, neighbours share a cell
MAX_GROUPS = 8
LEVELS = 6  # shades: more cannot be told apart
SIDE, LABELLED_CELL, GROUP_WIDTH = 400.0, 12.0, 9.0

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]


def mask_heat_map(mask: Mask, groups: Sequence[GeneGroup] = (), *, name: str) -> Markup:
    """Draw `mask`: rows receive, columns are read. `name` is a prefix of element ids, unique in the page.

    Beyond `MAX_CELLS` tokens, those without any edge are left out, and a cell is the darker the larger the share of its
    pairs that are allowed.
    """
    allowed = _allowed(mask)
    tokens = np.arange(mask.n_tokens)
    if mask.n_tokens > MAX_CELLS:
        tokens = np.flatnonzero(np.diff(allowed.indptr) + np.bincount(allowed.indices, minlength=mask.n_tokens))
    shown = _shown_groups(mask, groups, int(np.count_nonzero(tokens < mask.n_genes)))
    tokens = token_order(mask, tokens, shown)
    size = min(len(tokens), MAX_CELLS)
    cell_of = np.arange(len(tokens)) * size // max(len(tokens), 1)  # which cell a token is in, by its place
    shares = _shares(allowed, tokens, cell_of, size)

    labelled = len(tokens) <= MAX_LABELLED
    cell = LABELLED_CELL if labelled else SIDE / max(size, 1)
    strip = GROUP_WIDTH * len(shown)
    left = (66.0 if labelled else 4.0) + strip + (4.0 if shown else 0.0)
    top = 80.0 if shown else 66.0 if labelled else 4.0
    extent = size * cell
    place = f"translate({compact(left)} {compact(top)}) scale({compact(cell)})"
    parts = [
        element("rect", x=compact(left), y=compact(top), width=compact(extent), height=compact(extent), class_="frame"),
        element(
            "path", d=f"M0 0L{size} {size}", class_="diagonal", transform=place, vector_effect="non-scaling-stroke"
        ),
        *_shades(shares, place),
        *_group_columns(mask, shown, tokens, cell_of, size, left=left - strip - 4, top=top, cell=cell),
    ]
    names = [*mask.genes, *mask.group_tokens]
    if labelled:
        parts += _labels([names[token] for token in tokens], left=left, top=top, cell=cell, row_end=left - strip - 8)
    bottom = top + extent + 4
    binned = len(tokens) > size
    if binned:
        darkest = percentage(float(shares.max(initial=0.0)))
        words = f"{len(tokens):,} tokens in {size} cells each way; darkest: {darkest} of the pairs of a cell"
        parts.append(element("text", words, x=compact(left), y=compact(bottom + 12), class_="gene"))
        bottom += 18
    left_out = mask.n_tokens - len(tokens)
    description = (
        f"{count(mask.n_tokens, 'token')}, {count(mask.n_edges, 'edge')}, {percentage(mask.density)} of all pairs. "
        "A mark in row t, column s means that t may read s: s acts on t."
        + (f" Columns at the left mark the members of {', '.join(group.name for group in shown)}." if shown else "")
        + (f" {count(left_out, 'token')} without edges left out." if left_out else "")
    )
    width = left + extent + 4
    view_box = f"0 0 {compact(width)} {compact(bottom)}"
    drawn = figure(name, f"Mask of {mask.name}", description, *parts, view_box=view_box)
    # Never drawn larger than life: the labels of six genes would be as large as headings.
    return element("div", drawn, style=f"max-width:{compact(1.15 * width)}px")


def token_order(mask: Mask, tokens: IntArray, groups: Sequence[GeneGroup]) -> IntArray:
    """Return `tokens` so that members of a group are neighbours, group tokens last.

    Within a group, and without any, a few tokens keep their order, which its author chose; many are put so that edges
    lie near the diagonal (reverse Cuthill-McKee).
    """
    order = tokens
    if len(tokens) > MAX_LABELLED:
        allowed = _allowed(mask)[tokens][:, tokens]
        both = sp.csr_array(allowed + allowed.T)
        order = tokens[reverse_cuthill_mckee(both, symmetric_mode=True)]
    names = [*mask.genes, *mask.group_tokens]
    rank: dict[str, int] = {}
    for number, group in enumerate(groups):
        for member in group.members:
            rank.setdefault(member, number)
    last = len(groups)
    keys = np.array(
        [last + 1 if token >= mask.n_genes else rank.get(names[token], last) for token in order], dtype=np.int64
    )
    return order[np.argsort(keys, kind="stable")]


def _allowed(mask: Mask) -> sp.csr_array:
    """Return (N, N) 1 where a pair off the diagonal is allowed in any layer."""
    n = mask.n_tokens
    rows, cols = np.divmod(mask.pair_keys, max(n, 1))
    return sp.csr_array((np.ones(len(rows), dtype=np.int64), (rows, cols)), shape=(n, n))


def _shown_groups(mask: Mask, groups: Sequence[GeneGroup], n_genes: int) -> list[GeneGroup]:
    """Return the largest groups that do not hold all of the `n_genes` that are drawn, in the order of their size."""
    known = set(mask.genes)
    sizes = [sum(member in known for member in group.members) for group in groups]
    fit = [i for i, size in enumerate(sizes) if 1 < size < n_genes]
    return [groups[i] for i in sorted(fit, key=lambda i: -sizes[i])[:MAX_GROUPS]]


def _shares(allowed: sp.csr_array, tokens: IntArray, cell_of: IntArray, size: int) -> FloatArray:
    """Return (C, C) the share of the pairs of each cell that are allowed, pairs of a token with itself left out."""
    inside = allowed[tokens][:, tokens].tocoo()
    keys = cell_of[inside.row] * size + cell_of[inside.col]
    found = np.bincount(keys, minlength=size * size).reshape(size, size).astype(np.float64)
    n_in = np.bincount(cell_of, minlength=size).astype(np.float64)
    possible = np.outer(n_in, n_in) - np.diag(n_in)
    return np.asarray(np.divide(found, possible, out=np.zeros_like(found), where=possible > 0))


def _shades(shares: FloatArray, place: str) -> list[Markup]:
    """Return one path per shade, by the root of the share: cells with any pair are never invisible."""
    most = shares.max(initial=0.0)
    level = (
        np.ceil(LEVELS * np.sqrt(shares / most)).astype(np.int64)
        if most > 0
        else np.zeros(shares.shape, dtype=np.int64)
    )
    parts = []
    for shade in range(1, LEVELS + 1):
        rectangles = []
        for row in np.flatnonzero((level == shade).any(axis=1)).tolist():
            line = np.concatenate([[0], (level[row] == shade).astype(np.int8), [0]])
            steps = np.flatnonzero(np.diff(line)).tolist()
            for start, stop in zip(steps[::2], steps[1::2], strict=True):  # one rectangle for a run of neighbours
                rectangles.append(f"M{start} {row}h{stop - start}v1h-{stop - start}z")
        if rectangles:
            opacity = compact(0.1 + 0.9 * shade / LEVELS)
            parts.append(element("path", d="".join(rectangles), class_="cells", opacity=opacity, transform=place))
    return parts


def _group_columns(
    mask: Mask,
    groups: Sequence[GeneGroup],
    tokens: IntArray,
    cell_of: IntArray,
    size: int,
    *,
    left: float,
    top: float,
    cell: float,
) -> list[Markup]:
    """Return a column per group: a cell is as strong as the share of its tokens that are members."""
    number = {gene: i for i, gene in enumerate(mask.genes)}
    n_in = np.bincount(cell_of, minlength=size)
    parts = []
    for k, group in enumerate(groups):
        members = np.zeros(mask.n_tokens, dtype=bool)
        members[[number[gene] for gene in group.members if gene in number]] = True
        share = np.bincount(cell_of, weights=members[tokens], minlength=size) / np.maximum(n_in, 1)
        x = left + k * GROUP_WIDTH
        boxes = [
            element(
                "rect",
                x=compact(x + 1),
                y=compact(top + row * cell),
                width=compact(GROUP_WIDTH - 2),
                height=compact(cell),
                opacity=compact(0.2 + 0.8 * float(share[row])),
                class_="member",
            )
            for row in np.flatnonzero(share).tolist()
        ]
        hover = element("title", f"{group.name}: {count(int(members.sum()), 'gene')}")
        turn = f"translate({compact(x + GROUP_WIDTH / 2)} {compact(top - 4)}) rotate(-90)"
        label = element("text", shorten(group.name, 13), transform=turn, class_="gene", dy="0.35em")
        parts.append(element("g", hover, label, *boxes))
    return parts


def _labels(names: Sequence[str], *, left: float, top: float, cell: float, row_end: float) -> list[Markup]:
    parts = []
    for k, name in enumerate(names):
        label = shorten(name, 9)
        y = compact(top + (k + 0.5) * cell)
        parts.append(element("text", label, x=compact(row_end), y=y, class_="gene", text_anchor="end", dy="0.35em"))
        turn = f"translate({compact(left + (k + 0.5) * cell)} {compact(top - 4)}) rotate(-90)"
        parts.append(element("text", label, transform=turn, class_="gene", dy="0.35em"))
    return parts
