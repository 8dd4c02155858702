"""One gene's neighbourhood, with the way its knockout takes to the phenotype."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from hypomask.knockout.effect_path import EffectPath, PathToken
from hypomask.report.figures.svg import compact, element, figure
from hypomask.report.wording import shorten, signed

__all__ = ["effect_path_figure"]

MAX_IN_COLUMN = 10
COLUMN, ROW, TOP = 150.0, 34.0, 26.0
BOX_WIDTH, BOX_HEIGHT = 104.0, 22.0
MOST_WIDTH = 7.0
NAME_LENGTH = 13


def effect_path_figure(path: EffectPath, phenotype: str, *, name: str) -> Markup:
    """Draw what the gene reads, the gene, its readers, theirs, and the phenotype, from left to right.

    A line to the phenotype is as wide as what the token adds (root mean square over samples); of every column only the
    tokens that add most are drawn, and how many are left out is said below.
    """
    columns = _columns(path)
    upstream = list(path.upstream[:MAX_IN_COLUMN])
    shown = [upstream, *[[token.name for token in column] for column in columns]]
    last = len(shown) * COLUMN
    height = TOP + ROW * max(len(column) for column in shown) + 30
    place = {
        label: (c * COLUMN + 8, TOP + (height - TOP - 30) * (k + 0.5) / len(column))
        for c, column in enumerate(shown)
        for k, label in enumerate(column)
    }
    target = (last + 8, TOP + (height - TOP - 30) / 2)
    parts = [_heading(c, words) for c, words in enumerate(_headings(len(columns)))]
    gene_names = {token.name for token in columns[0]} if columns else set()
    lines = [(a, b) for a in upstream for b in gene_names]
    lines += [(a, b) for a, b in path.edges if a in place and b in place]
    parts += [_edge(place[source], place[reader]) for source, reader in lines]
    largest = max((token.rms for column in columns for token in column), default=0.0)
    for column in columns:
        parts += [_to_phenotype(token, place[token.name], target, largest) for token in column if token.rms > 0]
    for c, labels in enumerate(shown):
        parts += [_box(label, place[label], "own" if c == 1 else "neighbour") for label in labels]
    parts.append(_box(phenotype, target, "outcome"))
    left_out = _left_out(path, columns)
    if left_out:
        parts.append(element("text", left_out, x=8, y=compact(height - 8), class_="tick"))
    tokens = [token for column in columns for token in column]
    described = "; ".join(f"{token.name} {signed(token.mean)}" for token in tokens)
    return figure(
        name,
        f"Path of {path.intervention}",
        f"What each token adds to the effect of {path.intervention} on the link scale, mean over samples: {described}. "
        f"Directly: {signed(path.direct)}.",
        *parts,
        view_box=f"0 0 {compact(last + BOX_WIDTH + 16)} {compact(height)}",
    )


def _columns(path: EffectPath) -> list[list[PathToken]]:
    steps = sorted({token.steps for token in path.tokens})
    return [[token for token in path.tokens if token.steps == step][:MAX_IN_COLUMN] for step in steps]


def _headings(n_columns: int) -> list[str]:
    return ["acts on it", "edited", *(["reads it", "reads those"] + ["farther"] * n_columns)[: n_columns - 1]]


def _heading(column: int, words: str) -> Markup:
    return element("text", words, x=compact(column * COLUMN + 8), y=14, class_="tick")


def _edge(start: tuple[float, float], end: tuple[float, float]) -> Markup:
    (x1, y1), (x2, y2) = start, end
    return element(
        "line", x1=compact(x1 + BOX_WIDTH), y1=compact(y1), x2=compact(x2), y2=compact(y2), class_="path-edge"
    )


def _to_phenotype(token: PathToken, start: tuple[float, float], end: tuple[float, float], largest: float) -> Markup:
    (x1, y1), (x2, y2) = (start[0] + BOX_WIDTH, start[1]), end
    bend = (x2 - x1) * 0.5
    course = f"M{compact(x1)} {compact(y1)}C{compact(x1 + bend)} {compact(y1)} {compact(x2 - bend)} {compact(y2)} "
    hover = f"{token.name}: adds {signed(token.mean)} on average, {signed(token.rms)} in size"
    return element(
        "path",
        element("title", hover),
        d=f"{course}{compact(x2)} {compact(y2)}",
        class_=f"path-effect {'lowers' if token.mean < 0 else 'raises'}",
        stroke_width=compact(max(0.6, MOST_WIDTH * token.rms / largest)),
    )


def _box(label: str, place: tuple[float, float], kind: str) -> Markup:
    x, y = place
    return element(
        "g",
        element("title", label),
        element("rect", x=compact(x), y=compact(y - BOX_HEIGHT / 2), width=compact(BOX_WIDTH), height=BOX_HEIGHT, rx=4),
        element(
            "text",
            shorten(label, NAME_LENGTH),
            x=compact(x + BOX_WIDTH / 2),
            y=compact(y),
            dy="0.35em",
            text_anchor="middle",
            class_="node",
        ),
        class_=f"path-node {kind}",
    )


def _left_out(path: EffectPath, columns: Sequence[Sequence[PathToken]]) -> str:
    n = len(path.tokens) - sum(len(column) for column in columns) + max(0, len(path.upstream) - MAX_IN_COLUMN)
    return f"{n} more, which add less, are not drawn" if n else ""
