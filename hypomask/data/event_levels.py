"""Which of two values is the event: as the user says, or by its name."""

from __future__ import annotations

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
NO_EVENT_WORDS = _words("""
    no n false off control controls ctrl wt wildtype wild-type wild_type normal healthy unaffected negative neg f
    alive living survived censored progression-free disease-free diseasefree
    none nonresponder non-responder sensitive untreated low
""")


def event_last(
    levels: Sequence[str], positive: str | None, role: str, column: str, table: TextTable, findings: Findings
) -> tuple[str, str]:
    """Return (no event, event) of two levels, and note which it is.

    Parameters
    ----------
    positive
        The event as the user named it; None: the level that reads like one, else the later in sorted order.
    role, column
        What the column is, and its name, in a sentence.

    Raises
    ------
    DataError
        `positive` is no level.
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
        why = f"{'by its name' if by_word else 'the later in sorted order'}; set 'positive' to choose"
    other = levels[0] if event == levels[1] else levels[1]
    findings.notes.append(f"event of {column!r}: {event!r}, against {other!r} ({why})")
    return other, event


def _event_rank(level: str) -> int:
    word = level.casefold()
    return 1 if word in EVENT_WORDS else -1 if word in NO_EVENT_WORDS else 0
