"""Which of two values is the event: as the user says, or by its name."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hypomask.data.tables import Findings, TextTable, listed
from hypomask.data.text_numbers import parse_numbers
from hypomask.errors import did_you_mean

__all__ = ["event_last"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


EVENT_WORDS = _words("""
    yes y true on case cases mut mutant mutated tumor tumour cancer disease diseased affected positive pos event t
    dead deceased died death progressed progression recurred recurrence relapsed relapse failed failure observed
    responder resistant treated altered metastatic high
""")
CODES = (("0", "1"), ("1", "2"))  # of events as tables and R's survival package write them
NEGATIONS = frozenset(("no", "not", "non", "without", "free"))
NO_EVENT_WORDS = _words("""
    no n false off control controls ctrl wt wildtype wild-type wild_type normal healthy unaffected negative neg f
    alive living survived censored progression-free disease-free diseasefree
    none nonresponder non-responder sensitive untreated low
""")


def event_last(
    levels: Sequence[str],
    positive: str | None,
    role: str,
    column: str,
    table: TextTable,
    findings: Findings,
    *,
    must_be_told: bool = False,
) -> tuple[str, str]:
    """Return (no event, event) of two levels, and note which it is.

    Parameters
    ----------
    positive
        The event as the user named it; None: the level that reads like one, else the later in sorted order.
    role, column
        What the column is, and its name, in a sentence.
    must_be_told
        Refuse to choose by order: taking the censored for those with the event turns a study round.

    Raises
    ------
    DataError
        `positive` is no level; neither level reads like an event although one must.
    """
    if positive is not None:
        event = positive.strip()
        number, bad = parse_numbers([event])
        if event not in levels and not bad and f"{number[0]:.15g}" in levels:
            event = f"{number[0]:.15g}"
        if event not in levels:
            findings.stop(
                table.problem(
                    f"positive {positive!r} is no value of {role} {column!r}; it has {listed(levels)}."
                    f"{did_you_mean(event, levels)}"
                )
            )
        why = "as asked"
    else:
        first, last = levels
        event = first if _event_rank(first) > _event_rank(last) else last
        by_word = _event_rank(first) != _event_rank(last)
        if must_be_told and not by_word and (first, last) not in CODES:
            findings.stop(
                table.problem(
                    f"{role} {column!r} has {listed(levels)}, and neither reads like the event: say with 'positive' "
                    "which of them it is; the other means last seen without it"
                )
            )
        why = f"{'by its name' if by_word else 'the later in sorted order'}; set 'positive' to choose"
    other = levels[0] if event == levels[1] else levels[1]
    findings.notes.append(f"event of {column!r}: {event!r}, against {other!r} ({why})")
    return other, event


def _event_rank(level: str) -> int:
    """Return 1 for an event, -1 for none, 0 where neither can be told: ``1:DECEASED`` is one, ``0:LIVING`` is none."""
    word = level.casefold()
    if word in EVENT_WORDS or word in NO_EVENT_WORDS:
        return 1 if word in EVENT_WORDS else -1
    words = set(re.findall(r"[a-z]{2,}", word))
    if words & NEGATIONS:
        return -1 if words & EVENT_WORDS else 0
    return bool(words & EVENT_WORDS) - bool(words & NO_EVENT_WORDS)
