"""Regulons and signed networks whose tables need to be understood: DoRothEA's confidence letters, OmniPath's exports.

References
----------
DoRothEA: Garcia-Alonso et al. (2019), doi:10.1101/gr.240663.118. OmniPath: Türei et al. (2021),
doi:10.15252/msb.20209923.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from hypomask.errors import Problem, shortened
from hypomask.hypothesis.edge_files import EdgeFileOptions, EdgeReader
from hypomask.hypothesis.graph import Edge
from hypomask.knowledge.table_rows import HeaderTable

__all__ = ["LEVELS", "is_dorothea", "is_omnipath", "open_complexes", "read_dorothea", "read_omnipath"]

LEVELS = ("A", "B", "C", "D", "E")
"""Confidence letters of DoRothEA. An edge weighs 1 divided by its letter's rank, as in decoupler."""

COMPLEX_PREFIX = "COMPLEX:"
MAX_COMPLEX = 20
_FLAGS = {"1": True, "true": True, "0": False, "false": False, "": False}
_TF_COLUMNS = ("source", "tf")
_TARGET_COLUMNS = ("target", "gene")
_SIGN_COLUMNS = ("mor", "weight")


def is_omnipath(table: HeaderTable) -> bool:
    """Return whether these are interactions as OmniPath exports them."""
    return {"source", "target", "is_stimulation", "is_inhibition"} <= set(table.columns)


def is_dorothea(table: HeaderTable) -> bool:
    """Return whether `confidence` holds letters: elsewhere a column of that name holds numbers."""
    ends = set(table.columns) & {*_TF_COLUMNS}, set(table.columns) & {*_TARGET_COLUMNS}
    if "confidence" not in table.columns or not all(ends):
        return False
    _, first = next(table.rows([]), (0, {"confidence": ""}))
    return first["confidence"].isalpha()


def read_dorothea(table: HeaderTable, levels: Sequence[str], problems: list[Problem]) -> tuple[list[Edge], list[str]]:
    """Return the edges of the confidence `levels` (all if empty) and notes on what was left out."""
    source, target, sign = (
        next((name for name in names if name in table.columns), None)
        for names in (_TF_COLUMNS, _TARGET_COLUMNS, _SIGN_COLUMNS)
    )
    reader = EdgeReader(table.file, EdgeFileOptions(), problems)
    left_out: Counter[str] = Counter()
    for line, cells in table.rows(problems):
        level = cells["confidence"]
        if level not in LEVELS:
            reader.problem(f"confidence: expected a letter among {', '.join(LEVELS)}, got {shortened(level)!r}", line)
        elif levels and level not in levels:
            left_out[level] += 1
        else:
            effect = cells[sign] if sign else "0"
            direction = "-1" if effect.startswith("-") else "0" if effect in ("", "0") else "1"
            reader.read(
                line,
                {
                    "source": cells[source or ""],
                    "target": cells[target or ""],
                    "sign": direction if _is_number(effect) else effect,
                    "weight": repr(1 / (1 + LEVELS.index(level))),
                    "evidence": f"DoRothEA {level}",
                },
            )
    notes = [f"weights are 1, 1/2, 1/3 ... for confidence {', '.join(LEVELS)}"]
    notes += [f"{n:,} edges of confidence {level} left out" for level, n in sorted(left_out.items())]
    return reader.edges, notes


def read_omnipath(table: HeaderTable, levels: Sequence[str], problems: list[Problem]) -> tuple[list[Edge], list[str]]:
    """Return the edges of an OmniPath export, and notes.

    Gene symbols are taken where the export has them, UniProt accessions elsewhere. The sign is that of the consensus
    columns where there are any; an edge that both stimulates and inhibits has none (0). Where the export has DoRothEA's
    letters, they choose and weigh the edges as in `read_dorothea`.
    """
    symbols = {"source_genesymbol", "target_genesymbol"} <= set(table.columns)
    suffix = "_genesymbol" if symbols else ""
    consensus = {"consensus_stimulation", "consensus_inhibition"} <= set(table.columns)
    prefix = "consensus" if consensus else "is"
    reader = EdgeReader(table.file, EdgeFileOptions(), problems)
    both_ways = left_out = 0
    for line, cells in table.rows(problems):
        level = min(cells.get("dorothea_level", "").split(";"))  # of several, the best
        if levels and level not in levels:
            left_out += 1
            continue
        stimulates = _flag(reader, line, cells, f"{prefix}_stimulation")
        inhibits = _flag(reader, line, cells, f"{prefix}_inhibition")
        directed = _flag(reader, line, cells, "is_directed", absent=True)
        both_ways += stimulates and inhibits
        ends = {}
        for role in ("source", "target"):
            name = cells[role + suffix] or cells[role]
            is_complex = cells[role].startswith(COMPLEX_PREFIX) and not name.startswith(COMPLEX_PREFIX)
            ends[role] = f"{COMPLEX_PREFIX}{name}" if is_complex else name
        evidence = cells.get("references") or cells.get("sources", "")
        sign = "0" if stimulates == inhibits else "1" if stimulates else "-1"
        flag = "true" if directed else "false"
        weight = repr(1 / (1 + LEVELS.index(level))) if level in LEVELS else "1"
        reader.read(line, {**ends, "sign": sign, "directed": flag, "weight": weight, "evidence": evidence})
    notes = [
        f"genes are {'gene symbols' if symbols else 'UniProt accessions: the export has no gene symbols'}",
        f"signs are those of the {prefix}_stimulation and {prefix}_inhibition columns",
    ]
    if left_out:
        notes.append(f"{left_out:,} edges of other confidence than {', '.join(levels)} left out")
    if both_ways:
        notes.append(f"{both_ways:,} edges both stimulate and inhibit; their sign is left open")
    return reader.edges, notes


def open_complexes(edges: Sequence[Edge]) -> tuple[tuple[Edge, ...], tuple[str, ...]]:
    """Give the edges of a complex, ``COMPLEX:JUN_FOS``, to each of its members; a note says how many."""
    opened: list[Edge] = []
    complexes: set[str] = set()
    for edge in edges:
        sources, targets = _members(edge.source), _members(edge.target)
        complexes.update(end for end in (edge.source, edge.target) if end.startswith(COMPLEX_PREFIX))
        opened.extend(replace(edge, source=source, target=target) for source in sources for target in targets)
    note = f"edges of {len(complexes):,} complexes were given to each of their members"
    return (tuple(opened), (note,)) if complexes else (tuple(edges), ())


def _members(name: str) -> list[str]:
    if not name.startswith(COMPLEX_PREFIX):
        return [name]
    members = [member for member in name.removeprefix(COMPLEX_PREFIX).split("_") if member]
    return members[:MAX_COMPLEX] or [name]


def _flag(reader: EdgeReader, line: int, cells: Mapping[str, str], column: str, *, absent: bool = False) -> bool:
    text = cells.get(column)
    if text is None:
        return absent
    value = _FLAGS.get(text.lower())
    if value is None:
        reader.problem(f"{column}: expected 1, 0, True or False, got {shortened(text)!r}", line)
    return bool(value)


def _is_number(text: str) -> bool:
    return text.lstrip("+-").replace(".", "", 1).isdigit() or not text
