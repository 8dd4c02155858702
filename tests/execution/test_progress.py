"""What a run shows of how far it is."""

from __future__ import annotations

import io

import pytest

from hypomask.execution.progress import PlainProgress, RichProgress, Silent, duration_in_words, progress_for


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_plain_progress_writes_a_line_every_ten_seconds_with_the_time_left() -> None:
    clock, stream = Clock(), io.StringIO()
    progress = PlainProgress(stream, clock)
    progress.begin("null masks", 40)
    for _ in range(10):
        clock.now += 3
        progress.advance()
    assert stream.getvalue().splitlines() == [
        "null masks: 40 jobs",
        "null masks: 4 of 40 jobs, about 1 min 48 s left",
        "null masks: 8 of 40 jobs, about 1 min 36 s left",
    ]


def test_the_time_left_does_not_count_what_an_earlier_run_did() -> None:
    clock, stream = Clock(), io.StringIO()
    progress = PlainProgress(stream, clock)
    progress.begin("hypotheses", 100, done=90)
    for seconds in (50, 20):  # the first holds the start of the workers, and does not count
        clock.now += seconds
        progress.advance()
    assert stream.getvalue().splitlines() == [
        "hypotheses: 100 jobs, 90 done before",
        "hypotheses: 91 of 100 jobs",
        "hypotheses: 92 of 100 jobs, about 2 min 40 s left",
    ]


def test_a_stage_that_turns_out_shorter_ends_with_its_last_job() -> None:
    clock, stream = Clock(), io.StringIO()
    progress = PlainProgress(stream, clock)
    progress.begin("null masks", 40)
    progress.resize(2)
    progress.advance()
    progress.advance()
    assert stream.getvalue().splitlines()[-1] == "null masks: 2 of 2 jobs"


def test_a_terminal_gets_a_bar_and_a_pipe_gets_lines() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    assert isinstance(progress_for(Terminal()), RichProgress)
    assert isinstance(progress_for(io.StringIO()), PlainProgress)


def test_the_bar_can_be_begun_moved_and_ended_in_any_order() -> None:
    stream = io.StringIO()
    progress = RichProgress(stream)
    progress.end()
    progress.advance()
    progress.begin("one", 3, done=1)
    progress.advance()
    progress.say("[red]a note[/red]")
    progress.begin("two", 3)
    progress.resize(5)
    progress.end()
    progress.end()
    assert "[red]a note[/red]" in stream.getvalue()
    assert "two" in stream.getvalue()


def test_silence_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    silent = Silent()
    silent.begin("x", 3)
    silent.advance()
    silent.resize(2)
    silent.say("y")
    silent.end()
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min 0 s"),
        (200, "3 min 20 s"),
        (3599, "60 min"),
        (7500, "2 h 5 min"),
        (-1, "0 s"),
    ],
)
def test_durations_read_as_words(seconds: float, words: str) -> None:
    assert duration_in_words(seconds) == words
