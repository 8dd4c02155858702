"""Links of the STRING database: ``9606.protein.links[.detailed|.full].v12.0.txt.gz`` with scores from 0 to 1000.

The human file has 13.7 million rows. It is read in pieces by pandas, of which only links above the threshold are kept;
when pandas cannot read it, a second, slow pass says which line is wrong.

References
----------
Szklarczyk et al. (2023), doi:10.1093/nar/gkac1000. Scores combine as in von Mering et al. (2005),
doi:10.1093/nar/gki005: as independent evidence, above the prior of two random proteins being linked.
"""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hypomask.errors import KnowledgeError, Problem, did_you_mean, shortened
from hypomask.knowledge.line_stream import LineStream
from hypomask.knowledge.network import EdgeColumns, GeneNetwork, Words
from hypomask.knowledge.network_storage import NETWORK_CACHE
from hypomask.knowledge.string_names import gene_names, info_beside

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["StringOptions", "combined_score", "read_string_links"]

PRIOR = 0.041  # STRING's probability that two proteins are linked when nothing is known about them
MAX_SCORE = 1000
CHUNK_ROWS = 1_000_000
MAX_LINKS = 20_000_000
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class StringOptions:
    """Which links to take.

    Parameters
    ----------
    min_score
        Least score, 0 to 1000. STRING calls 150 low, 400 medium, 700 high and 900 highest confidence.
    channels
        Kinds of evidence to count, e.g. ``("experimental", "database")``; empty: the combined score of the file. The
        file must hold the channels (``links.detailed`` or ``links.full``).
    info
        Table of protein names (``protein.info`` or ``protein.aliases``); None: the one beside the links, by its name.
    alias_source
        Which aliases to take from ``protein.aliases``, e.g. ``UniProt_GN_Name``.
    """

    min_score: int = 700
    channels: tuple[str, ...] = ()
    info: Path | None = None
    alias_source: str | None = None

    def __post_init__(self) -> None:
        """Refuse scores outside the scale."""
        if not 0 <= self.min_score <= MAX_SCORE:
            raise KnowledgeError(f"min_score is from 0 to 1000, got {self.min_score}; 700 is high confidence")


def combined_score(scores: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return (E,) the score of several channels together.

    Parameters
    ----------
    scores
        (E, C) scores of the channels, 0 to 1000.
    """
    above = np.clip((scores / 1000 - PRIOR) / (1 - PRIOR), 0, None)
    together: npt.NDArray[np.float64] = 1 - np.prod(1 - above, axis=1)
    return np.where(together > 0, together * (1 - PRIOR) + PRIOR, 0.0) * 1000


def read_string_links(path: Path, options: StringOptions | None = None) -> GeneNetwork:
    """Read a table of STRING links as an undirected network whose weights are scores divided by 1000.

    Large files are read once; from then on the network comes from the cache.

    Raises
    ------
    KnowledgeError
        If the file is missing, damaged or no such table, by line; if it lacks a channel; if no link is left.
    """
    options = options or StringOptions()
    names = options.info or info_beside(path)
    asked = f"string-links {options.min_score} {options.channels!r} {options.alias_source!r}"
    files = [path] if names is None else [path, names]
    return NETWORK_CACHE.get(files, asked, lambda: _network(path, names, options))


def _network(path: Path, info: Path | None, options: StringOptions) -> GeneNetwork:
    header = _header(path)
    channels = options.channels or ("combined_score",)
    for channel in channels:
        if channel not in header[2:]:
            hint = did_you_mean(channel, header[2:])
            message = f"no channel {channel!r}; this file has {', '.join(header[2:])}.{hint}"
            if len(header) == 3:
                message += " Channels are in 'protein.links.detailed'"
            raise KnowledgeError(str(Problem(message, str(path), 1)))
    number: dict[str, int] = {}
    parts: list[tuple[IntArray, IntArray, npt.NDArray[np.float64]]] = []
    n_rows = n_kept = 0
    for table in _chunks(path, header, channels):
        scores = table[list(channels)].to_numpy(dtype=np.float64)
        if scores.size and (scores.min() < 0 or scores.max() > MAX_SCORE):
            _find_fault(path, channels)
        score = combined_score(scores) if options.channels else scores[:, 0]
        kept = score >= max(options.min_score, 1)
        first, second = (_numbered(table[name].to_numpy()[kept], number) for name in ("protein1", "protein2"))
        parts.append((first, second, score[kept]))
        n_rows, n_kept = n_rows + len(table), n_kept + int(kept.sum())
        if n_kept > MAX_LINKS:
            message = f"more than {MAX_LINKS:,} links score at least {options.min_score}; raise min_score"
            raise KnowledgeError(str(Problem(message, str(path))))
    if not n_kept:
        message = f"none of {n_rows:,} links scores at least {options.min_score}; lower min_score"
        raise KnowledgeError(str(Problem(message, str(path))))
    first, second, score = (np.concatenate(column) for column in zip(*parts, strict=True))
    names, notes, name_provenance = _names(path, info, tuple(number), options.alias_source)
    notes.insert(0, f"{n_kept:,} of {n_rows:,} rows score at least {options.min_score} in {' + '.join(channels)}")
    relation = "binds" if "physical" in path.name else "interacts_with"
    genes, edges = _undirected(names, first, second, score / 1000, relation, notes)
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    source = f"STRING links {path.name}: {len(edges)} edges, sha256 {sha256}"
    name = path.name.removesuffix(".gz").removesuffix(".txt")
    return GeneNetwork(name, genes, edges, provenance=(source, *name_provenance), notes=tuple(notes))


def _header(path: Path) -> list[str]:
    """Return the column names; the first look at the file names every kind of damage at its beginning."""
    _, line = next(iter(LineStream(path)), (1, ""))
    columns = line.split()
    if columns[:2] != ["protein1", "protein2"] or len(columns) < 3:
        message = f"begins with {shortened(line)!r}, expected the header 'protein1 protein2 ... combined_score'"
        if columns[:1] and columns[0].startswith("R-"):
            message += (
                " of STRING's links; Reactome's relations go with its gene sets (option 'hierarchy' of the source)"
            )
        raise KnowledgeError(str(Problem(message, str(path), 1)))
    return columns


def _chunks(path: Path, header: Sequence[str], channels: Sequence[str]) -> Iterator[pd.DataFrame]:
    import pandas as pd

    with path.open("rb") as file:
        packed = file.peek(2).startswith(b"\x1f\x8b")
        stream: Any = gzip.GzipFile(fileobj=file) if packed else file
        dtypes = {"protein1": str, "protein2": str, **dict.fromkeys(channels, np.int32)}
        try:
            yield from pd.read_csv(
                stream,
                sep=" ",
                usecols=list(dtypes) if len(dtypes) < len(header) else None,  # with it, longer rows pass unnoticed
                dtype=dtypes,
                chunksize=CHUNK_ROWS,
                encoding="utf-8",
                keep_default_na=False,
                on_bad_lines="error",
                quoting=3,
            )
        except (EOFError, zlib.error, OSError) as fault:
            message = f"is damaged gzip data ({fault}); copy or download it again"
            raise KnowledgeError(str(Problem(message, str(path)))) from fault
        except (ValueError, pd.errors.ParserError) as fault:
            _find_fault(path, channels)
            raise KnowledgeError(str(Problem(f"is not a table of links: {fault}", str(path)))) from fault


def _find_fault(path: Path, channels: Sequence[str]) -> None:
    """Raise at the first line that is no link."""
    lines = iter(LineStream(path))
    header = next(lines)[1].split()
    for number, line in lines:
        cells = line.split(" ")
        if len(cells) != len(header) and line:
            message = f"has {len(cells)} columns; the header has {len(header)}"
            raise KnowledgeError(str(Problem(message, str(path), number)))
        for channel in channels if line else ():
            text = cells[header.index(channel)]
            if not (text.isdecimal() and int(text) <= MAX_SCORE):
                message = f"{channel}: expected a whole number from 0 to 1000, got {shortened(text)!r}"
                raise KnowledgeError(str(Problem(message, str(path), number)))


def _numbered(names: npt.NDArray[Any], number: dict[str, int]) -> IntArray:
    """Return the number of each name; new names are added to `number`."""
    import pandas as pd

    codes, unique = pd.factorize(names)
    known = np.array([number.setdefault(str(name), len(number)) for name in unique], dtype=np.int64)
    return known[codes] if len(known) else np.zeros(0, dtype=np.int64)


def _names(
    path: Path, table: Path | None, proteins: Sequence[str], alias_source: str | None
) -> tuple[Sequence[str | None], list[str], tuple[str, ...]]:
    """Return each protein's gene name (None: it has none), notes and provenance."""
    if table is None:
        note = "genes are STRING's protein ids: put 'protein.info' beside the links, or name it, to have gene symbols"
        return [protein.partition(".")[2] or protein for protein in proteins], [note], ()
    known, provenance = gene_names(table, alias_source)
    names = [known.get(protein) for protein in proteins]
    missing = [protein for protein, name in zip(proteins, names, strict=True) if name is None]
    if len(missing) == len(proteins):
        message = f"names none of the proteins of {path.name}, such as {missing[0]!r}; is it of the same species?"
        raise KnowledgeError(str(Problem(message, str(table))))
    note = f"{len(missing):,} of {len(proteins):,} proteins have no name in {table.name}; their links are left out"
    return names, [note] if missing else [], (provenance,)


def _undirected(
    names: Sequence[str | None],
    first: IntArray,
    second: IntArray,
    weight: npt.NDArray[np.float64],
    relation: str,
    notes: list[str],
) -> tuple[tuple[str, ...], EdgeColumns]:
    """Return the genes and one edge for each pair of them: STRING lists every pair twice."""
    position: dict[str, int] = {}
    gene = np.array([-1 if name is None else position.setdefault(name, len(position)) for name in names])
    twins = sum(name is not None for name in names) - len(position)
    if twins:
        notes.append(f"{twins:,} proteins share a gene's name with another; their links are taken together")
    first, second = gene[first], gene[second]
    sound = (first >= 0) & (second >= 0) & (first != second)
    low, high, weight = np.minimum(first, second)[sound], np.maximum(first, second)[sound], weight[sound]
    order = np.lexsort((-weight, high, low))
    low, high, weight = low[order], high[order], weight[order]
    fresh = np.ones(len(low), dtype=np.bool_)
    fresh[1:] = (low[1:] != low[:-1]) | (high[1:] != high[:-1])
    low, high, weight = low[fresh], high[fresh], np.clip(weight[fresh], None, 1.0)
    used = np.unique(np.concatenate([low, high]))
    genes = tuple(position)
    columns = EdgeColumns(
        source=np.searchsorted(used, low).astype(np.int32),
        target=np.searchsorted(used, high).astype(np.int32),
        relation=Words.same(relation, len(low)),
        directed=np.zeros(len(low), dtype=np.bool_),
        sign=np.zeros(len(low), dtype=np.int8),
        weight=weight,
        evidence=Words.same("", len(low)),
    )
    return tuple(genes[i] for i in used.tolist()), columns
