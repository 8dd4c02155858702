"""A forecast in sentences."""

from __future__ import annotations

from hypomask.comparison.planning.forecast import Forecast, Outlook
from hypomask.comparison.words import count_of

__all__ = ["headline", "notes", "question_words", "range_words", "unit_noun"]


def unit_noun(forecast: Forecast) -> str:
    """Return what an independent unit is."""
    return "group" if forecast.grouped else "sample"


def question_words(outlook: Outlook) -> str:
    """Return a question as the head of a row."""
    return {
        "best": "called best: all of these",
        "predicts": "predicts better than without genes",
        "edges": f"beats {outlook.against}",
        "nulls": f"beats {outlook.against}",
        "rival": f"told from {outlook.against}",
    }[outlook.kind]


def range_words(outlook: Outlook) -> str:
    """Return ``640 (430 to 1,900)``, ``640 (430 to unknown)``, ``cannot be said``.

    Without a pilot there is no band and the number stands alone.
    """
    if outlook.needed is None:
        if outlook.needed_low is None:
            return "cannot be said"
        return f"cannot be said (at best {outlook.needed_low:,})"
    if outlook.needed_low is None:
        return f"{outlook.needed:,}"
    high = "unknown" if outlook.needed_high is None else f"{outlook.needed_high:,}"
    return f"{outlook.needed:,} ({outlook.needed_low:,} to {high})"


def headline(forecast: Forecast) -> str:
    """Return the answer: how many units tell the leading hypothesis from its hardest rival, and call it best."""
    rival, best = forecast.hardest_rival, forecast.best
    power = f"with {100 * forecast.power:g} % power"
    if rival is None:
        if best.needed is None:
            return _unsayable(forecast, best, f"support {forecast.leader}")
        return f"About {_amount(forecast, best)} are needed to support {forecast.leader} {power}.{_now(forecast, best)}"
    # Assumed rivals are all alike.
    others = rival.against if forecast.n_now is not None or forecast.n_hypotheses == 2 else "each of its rivals"
    task = f"tell {forecast.leader} from {others}"
    if rival.needed is None:
        return _unsayable(forecast, rival, task)
    sentence = f"About {_amount(forecast, rival)} are needed to {task} {power}"
    if best.needed is None:
        why = _blocking(forecast)
        return f"{sentence}; how many would call it best cannot be said{why}.{_now(forecast, rival)}"
    if best.needed > rival.needed:
        return f"{sentence}, and about {_amount(forecast, best)} to call it best.{_now(forecast, best)}"
    return f"{sentence} and to call it best.{_now(forecast, best)}"


def notes(forecast: Forecast) -> tuple[str, ...]:
    """Return what the forecast rests on, most important first."""
    noun = unit_noun(forecast)
    found = []
    if forecast.n_now is not None:
        found.append(
            "Effects and variances are taken as the same at every size. A run trains at one size only, so it cannot "
            "show how they change. Models of more samples are better, which as a rule makes differences larger or "
            "their variance smaller: in benchmarks/power, pilots of 200 said 1.3 to 2.5 times too many samples."
        )
        if forecast.n_hypotheses > 1:
            most = max((o.selection or 0.0 for o in forecast.outlooks if o.kind == "rival"), default=0.0)
            by = f" (up to {most:.2g} of a lead)" if most > 0 else ""
            found.append(
                f"{forecast.leader} was chosen because it leads, which flatters it. The bootstrap says by how much; "
                f"that is subtracted{by}."
            )
        found.append(
            f"Ranges are {100 * forecast.confidence:g} % bands from a bootstrap over {count_of(forecast.n_now, noun)}. "
            "'Unknown' and 'cannot be said': at that end of the band the effect is nothing, or needs more than 100 "
            "times the present number."
        )
    else:
        found.append(
            "These numbers rest on what was assumed, not on data, and have no band. Effects are taken as the same at "
            "every size; a pilot run shows what the models really reach."
        )
    repeats = count_of(forecast.design.repeats, "repeat")
    found.append(
        f"With {forecast.design.folds} folds and {repeats} an estimate is taken to vary {forecast.spread:.2f} times as "
        f"much as samples alone make it; the tests allow for {forecast.design.factor:.2f} times."
    )
    found.append(
        f"Below {forecast.least_units:,} {noun}s of this composition nothing is called best, whatever the p values."
    )
    nulls = next((outlook for outlook in forecast.outlooks if outlook.kind == "nulls"), None)
    if nulls is None:
        found.append(
            f"No null masks of {forecast.leader} were drawn, so their test is left out; without them nothing is called "
            "best."
        )
    else:
        holm = "" if forecast.n_hypotheses == 1 else f", Holm over {forecast.n_hypotheses} hypotheses at its strictest"
        found.append(f"Null masks: at most {forecast.design.nulls} draws{holm}.")
    return tuple(found)


def _amount(forecast: Forecast, outlook: Outlook) -> str:
    """Return ``640 samples (430 to 1,900)``."""
    if outlook.needed is None:
        return "an unknown number of samples"
    number = count_of(outlook.needed, unit_noun(forecast))
    if outlook.needed_low is None:
        return number
    if outlook.needed_high is None:
        return f"{number} (at best {outlook.needed_low:,}; the upper end cannot be said)"
    return f"{number} ({outlook.needed_low:,} to {outlook.needed_high:,})"


def _now(forecast: Forecast, outlook: Outlook) -> str:
    if forecast.n_now is None or outlook.power_now is None:
        return ""
    return f" This run has {forecast.n_now:,}, which gives {100 * outlook.power_now:.0f} %."


def _unsayable(forecast: Forecast, outlook: Outlook, task: str) -> str:
    blocking = _blocking(forecast) if outlook.kind == "best" else ""
    if outlook.effect is None or outlook.low is None:
        return f"It cannot be said how many {unit_noun(forecast)}s would {task}{blocking}."
    at_best = (
        "" if outlook.needed_low is None else f" At best it takes {count_of(outlook.needed_low, unit_noun(forecast))}."
    )
    chosen = ", less what having been chosen adds" if outlook.selection else ""
    return (
        f"It cannot be said how many {unit_noun(forecast)}s would {task}: the lead ({outlook.effect:.2g}{chosen}; "
        f"{100 * forecast.confidence:g} % band {outlook.low:.2g} to {outlook.high:.2g}) may be nothing.{at_best}"
    )


def _blocking(forecast: Forecast) -> str:
    """Return which question stands in the way of "best"."""
    open_ones = [o for o in forecast.outlooks[1:] if o.decides and o.needed is None]
    if not open_ones:
        return ""
    first = open_ones[0]
    return f", because it is not shown that it {_claim(first)}"


def _claim(outlook: Outlook) -> str:
    if outlook.kind == "predicts":
        return "predicts better than the model without genes"
    return f"is better than {outlook.against}" if outlook.kind == "rival" else f"beats {outlook.against}"
