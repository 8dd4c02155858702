"""The terminal: verdict first, no markup and no escape sequence of others is obeyed."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from hypomask.comparison.result import Comparison
from hypomask.report.plain_text import plain
from hypomask.report.terminal import console_for, print_comparison
from hypomask.report.wording import headline, interval, null_families, number, p_value, percentage, shorten, signed


def printed(comparison: Comparison, width: int = 110, notes: tuple[str, ...] = ()) -> str:
    stream = io.StringIO()
    print_comparison(comparison, Console(file=stream, width=width, markup=False, highlight=False), notes)
    return stream.getvalue()


def test_the_verdict_comes_first_and_every_hypothesis_has_its_interval(
    make_comparison: Callable[..., Comparison],
) -> None:
    text = printed(make_comparison(("one", "two", "three")))
    assert text.startswith("Verdict: one explains the phenotype best")
    for name in ("one", "two", "three", "unconstrained", "no-interaction"):
        line = next(line for line in text.splitlines() if f" {name} " in line and "[" in line)
        assert line.count("[") >= 1
    assert "[0.158, 0.278]" in text


@pytest.mark.parametrize(
    ("kinds", "scope", "words"),
    [
        ([], "members", "random gene sets"),
        ([], "all", "random wirings"),
        (["rewired-within-modules", "rewired"], "members", "random wirings"),
        (["relabelled", "rewired"], "all", "graphs of the same shape on permuted genes and random wirings"),
        (["other"], "all", "null masks"),
    ],
)
def test_null_masks_are_called_what_they_were(kinds: list[str], scope: str, words: str) -> None:
    assert null_families(kinds, scope) == words


def test_notes_are_said_once(make_comparison: Callable[..., Comparison]) -> None:
    comparison = make_comparison(("one",))
    text = printed(comparison, notes=(*comparison.warnings, "another"))
    assert text.count("note: ") == 2


def test_a_refused_study_has_no_table(make_comparison: Callable[..., Comparison]) -> None:
    text = printed(make_comparison(("one",), "refused"))
    assert "Refused" in text
    assert "hypothesis  " not in text


def test_markup_and_escape_sequences_in_names_are_shown_and_not_obeyed(
    make_comparison: Callable[..., Comparison],
) -> None:
    text = printed(make_comparison(("[bold red]x[/]", "a\x1b[2Jb", "\u202etxet")))
    assert "[bold red]x[/]" in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "a\\x1b[2Jb" in text


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_lines_fit_the_terminal_and_numbers_stay_whole(width: int, make_comparison: Callable[..., Comparison]) -> None:
    text = printed(make_comparison(("a name that is long enough to be folded over several lines", "b")), width)
    assert max(len(line) for line in text.splitlines()) <= width
    if width >= 80:
        assert "[0.158, 0.278]" in text


def test_a_pipe_gets_a_fixed_width_and_no_colour(make_comparison: Callable[..., Comparison]) -> None:
    stream = io.StringIO()
    console = console_for(stream)
    print_comparison(make_comparison(("one", "two")), console)
    assert console.width == 120
    assert "\x1b" not in stream.getvalue()


def test_of_many_hypotheses_the_best_and_the_references_are_listed(make_comparison: Callable[..., Comparison]) -> None:
    text = printed(make_comparison(tuple(f"h{k}" for k in range(50))))
    assert " h29 " in text
    assert " h30 " not in text
    assert " no-interaction " in text
    assert "and 20 more" in text


@given(st.text())
def test_plain_text_holds_no_control_characters(text: str) -> None:
    shown = plain(text)
    assert plain(shown) == shown
    steering = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert not {unicodedata.category(character) for character in shown if character not in "\n\t"} & steering
    shown.encode("utf-8")


@given(st.text(min_size=1), st.integers(4, 60))
def test_shortened_names_fit_and_stay_on_one_line(name: str, length: int) -> None:
    short = shorten(name, length)
    assert len(short) <= length
    assert "\n" not in short


def test_a_shortened_name_keeps_both_ends() -> None:
    short = shorten("REACTOME_SIGNALING_BY_RECEPTOR_TYROSINE_KINASES", 24)
    assert short.startswith("REACTOME_")
    assert short.endswith("KINASES")


def test_numbers_are_written_one_way() -> None:
    assert number(None) == number(float("nan")) == "–"
    assert signed(0.1234) == "+0.123"
    assert signed(-0.1234) == "−0.123"
    assert interval(0.1, 0.2) == "[0.100, 0.200]"
    assert interval(0.1, None) == "–"
    assert p_value(0.0004) == "< 0.001"
    assert p_value(0.0123) == "0.012"
    assert percentage(0.456) == "46 %"


def test_the_headline_is_the_first_sentence() -> None:
    assert headline("Best: a. It beats b (p = 0.01). So be it.") == ("Best: a.", "It beats b (p = 0.01). So be it.")
    assert headline("No signal") == ("No signal", "")
