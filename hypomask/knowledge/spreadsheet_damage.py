"""Which gene a spreadsheet has turned into a date or a number: candidates, never a repair.

`hypomask.hypothesis.gene_names` recognises the commonest forms, to refuse them in documents. This knows further forms
that tables of measurements hold, and says which symbols each can have come from.

References
----------
Ziemann, Eren and El-Osta (2016), doi:10.1186/s13059-016-1044-7; Abeysooriya et al. (2021),
doi:10.1371/journal.pcbi.1008984
"""

from __future__ import annotations

import datetime
import re

__all__ = ["damaged_clone", "symbols_before_damage"]

# Only symbols that a table of genes knows are named in the end, so a prefix too many does no harm.
_PREFIXES = {
    1: ("JAN",),
    2: ("FEB",),
    3: ("MARCH", "MARC", "MAR"),
    4: ("APR",),
    5: ("MAY",),
    6: ("JUN",),
    7: ("JUL",),
    8: ("AUG",),
    9: ("SEPT", "SEP"),
    10: ("OCT",),
    11: ("NOV",),
    12: ("DEC",),
}
# English, German, French, Spanish and Italian abbreviations that differ from the English ones.
_MONTHS = {
    **{"jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6},
    **{"jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12},
    **{"sept": 9, "march": 3, "mrz": 3, "mär": 3, "mai": 5, "okt": 10, "dez": 12, "ene": 1, "abr": 4, "ago": 8},
    **{"dic": 12, "set": 9, "ott": 10, "gen": 1, "mag": 5, "giu": 6, "lug": 7, "déc": 12, "aoû": 8, "avr": 4},
}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_DAY_FIRST = re.compile(rf"0?(\d{{1,2}})[-./ ]+({_MONTH})\.?(?:[-./ ]+\d{{2,4}})?", re.IGNORECASE)  # 1-Mar, 1. Sep 06
_MONTH_FIRST = re.compile(rf"({_MONTH.title()})\.?[-./ ]0?(\d{{1,2}})")  # Sep-01; SEP-15 is how proteins are written
_ISO = re.compile(r"((?:19|20)\d\d)-(\d\d)-(\d\d)(?:[ T]00:00(?::00(?:\.0+)?)?)?")  # 2006-09-01 00:00:00
_AMERICAN = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{2}|\d{4})")  # 9/1/2006
_SERIAL = re.compile(r"[345]\d{4}(?:\.0)?")  # 38961, the days since 1900 that R's readers of workbooks return
_FLOAT = re.compile(r"(\d)\.?(\d*)E\+(\d\d?)", re.IGNORECASE)
EPOCH = datetime.date(1899, 12, 30)


def symbols_before_damage(name: str) -> tuple[str, ...]:
    """Return the symbols that a date can have been, likeliest first; none if `name` is no date.

    A date with a year can mean the month and the day (SEPT1), or the month and the year (SEPT6, by way of Sep-06).

    Examples
    --------
    >>> symbols_before_damage("2-Sep")
    ('SEPT2', 'SEP2')
    >>> symbols_before_damage("2006-09-01 00:00:00")
    ('SEPT1', 'SEP1', 'SEPT6', 'SEP6')
    >>> symbols_before_damage("TP53")
    ()
    """
    if found := _DAY_FIRST.fullmatch(name):
        return _symbols(_MONTHS[found[2].lower()], int(found[1]))
    if found := _MONTH_FIRST.fullmatch(name):
        return _symbols(_MONTHS[found[1].lower()], int(found[2]))
    if found := _ISO.fullmatch(name):
        return _of_date(int(found[1]), int(found[2]), int(found[3]))
    if found := _AMERICAN.fullmatch(name):
        return _of_date(int(found[3]), int(found[1]), int(found[2]))
    if _SERIAL.fullmatch(name):
        date = EPOCH + datetime.timedelta(days=int(name.partition(".")[0]))
        return _of_date(date.year, date.month, date.day)
    return ()


def damaged_clone(name: str) -> re.Pattern[str] | None:
    """Return what the RIKEN clone must look like that a spreadsheet made a number of: ``2.31E+19`` was ``231....E13``.

    None if `name` is no such number. ``1.00E+05`` is one, but of no clone: its pattern matches an id such as ``1E5``.

    Examples
    --------
    >>> bool(damaged_clone("2.31E+19").fullmatch("2310009E13RIK"))
    True
    """
    found = _FLOAT.fullmatch(name)
    if found is None:
        return None
    digits, exponent = (found[1] + found[2]).rstrip("0") or "0", int(found[3])
    alternatives = []
    # n digits, then E: the number is (n digits) times ten to what follows the E.
    for n_digits in range(len(digits), 8):
        if exponent - (n_digits - 1) >= 0:
            any_digits = rf"\d{{{n_digits - len(digits)}}}"
            alternatives.append(rf"{digits}{any_digits}E0?{exponent - (n_digits - 1)}")
    return re.compile(rf"(?:{'|'.join(alternatives) or '(?!)'})(?:RIK)?", re.IGNORECASE)


def _symbols(month: int, number: int) -> tuple[str, ...]:
    return tuple(f"{prefix}{number}" for prefix in _PREFIXES[month])


def _of_date(year: int, month: int, day: int) -> tuple[str, ...]:
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return ()
    by_day = _symbols(month, day)
    return by_day if day != 1 or not 1 <= year % 100 <= 31 else (*by_day, *_symbols(month, year % 100))
