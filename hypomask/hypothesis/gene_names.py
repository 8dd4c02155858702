"""What a gene may be called, and the names that a spreadsheet has damaged."""

from __future__ import annotations

import re
from functools import lru_cache

from hypomask.hypothesis.edge_syntax import ARROWS

__all__ = ["damaged_symbol", "gene_fault", "name_fault"]

MAX_NAME_LENGTH = 200

_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec"
# "4-Oct" and "Oct-04" are dates; OCT-4 is how proteins are written, so month first counts only as a spreadsheet has it.
_DAY_FIRST = re.compile(rf"(?P<number>[0-9]{{1,2}})-(?P<month>{_MONTHS})", re.IGNORECASE)
_MONTH_FIRST = re.compile(rf"(?P<month>{_MONTHS.title()})-(?P<number>[0-9]{{2}})")
# Only months that begin a family of symbols can have come from a symbol.
_FAMILIES = {"mar": "MARCHF or MTARC", "sep": "SEPTIN", "sept": "SEPTIN", "dec": "DELEC or BHLHE", "oct": "POU (OCT)"}
# RIKEN clone ids such as 2310009E13Rik lose their digits to floating point; a plain 1E5 or 2E10 could be a real id.
_FLOAT = re.compile(r"[0-9]\.[0-9]+E\+[0-9]+", re.IGNORECASE)
_SPREADSHEET_ERRORS = frozenset({"#REF!", "#NAME?", "#N/A", "#VALUE!", "#DIV/0!", "#NUM!", "#NULL!"})


def damaged_symbol(name: str) -> str | None:
    """Return what a spreadsheet did to `name`, in words with a way out, or None if it looks unharmed.

    References
    ----------
    Ziemann, Eren and El-Osta (2016), Gene name errors are widespread in the scientific literature,
    doi:10.1186/s13059-016-1044-7
    """
    date = _DAY_FIRST.fullmatch(name) or _MONTH_FIRST.fullmatch(name)
    if date:
        family = _FAMILIES.get(date["month"].lower())
        was = f"a {family} symbol number {int(date['number'])}" if family else "a gene symbol"
        return f"{name!r} is a date that a spreadsheet made of {was}; write the symbol and import columns as text"
    if _FLOAT.fullmatch(name):
        return f"{name!r} is a number that a spreadsheet made of an identifier; write the identifier"
    if name in _SPREADSHEET_ERRORS:
        return f"{name!r} is a spreadsheet's error value; write the gene"
    return None


def name_fault(name: str) -> str | None:
    """Return why `name` cannot name a group or hypothesis, in words, or None if it can."""
    if not name:
        return "a name is empty"
    if name != name.strip():
        return f"{name!r} begins or ends with a space; delete it"
    if len(name) > MAX_NAME_LENGTH:
        return f"{name[:30]!r}... has {len(name)} characters; a name has at most {MAX_NAME_LENGTH}"
    if not name.isprintable():
        unprintable = next(character for character in name if not character.isprintable())
        return f"{name!r} contains the invisible character U+{ord(unprintable):04X}; delete it"
    return None


@lru_cache(maxsize=100_000)  # an edge table names each gene many times
def gene_fault(name: str) -> str | None:
    """Return why `name` cannot be a gene, in words, or None if it can.

    Any other text is a gene: ``NO``, ``1E5``, ``null``, ``007``, ``p38 MAPK`` and ``HLA-A`` stay what they are.
    """
    if name and any(word in ARROWS for word in name.split()):
        return f"{name!r} contains an arrow; a name is one gene, an edge belongs under 'edges'"
    return name_fault(name) or damaged_symbol(name)
