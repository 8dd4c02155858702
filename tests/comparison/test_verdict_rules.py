"""The rules of the verdict, one branch after the other, on facts written by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hypomask.comparison.facts import Estimate, HypothesisFacts, RivalFacts, StudyFacts
from hypomask.comparison.hypothesis_verdict import hypothesis_verdict
from hypomask.comparison.result import NullResult
from hypomask.comparison.verdict import study_verdict

NOTHING = Estimate(0.002, -0.005, 0.009, 0.4, 0.7)
CLEAR = Estimate(0.20, 0.10, 0.30, 0.0004, 0.001)
NONE = Estimate(0.02, -0.05, 0.09, 0.4, 0.7)
HARMFUL = Estimate(-0.20, -0.30, -0.10, 0.001, 0.002)
LUCKY = Estimate(0.10, 0.01, 0.19, 0.03, 0.4)


def _null(p: float, p_holm: float, *, kind: str = "rewired", as_good: int = 0, finished: bool = True) -> NullResult:
    losses = tuple(0.6 + 0.01 * i for i in range(19))
    return NullResult("p53", kind, 0.55, losses, as_good, 0.05, p, p, p_holm, 3.0, False, finished)


BEATEN_NULLS = _null(0.001, 0.004)
WINNER = HypothesisFacts("p53", CLEAR, CLEAR, "no-interaction", BEATEN_NULLS, True)
BEHIND = RivalFacts("MAPK", Estimate(0.021, 0.009, 0.033, 0.002, 0.003), 150)
CLOSE = RivalFacts("MAPK", Estimate(0.004, -0.006, 0.014, 0.4, 0.5), 1900)
FACTS = StudyFacts(
    scope="all",
    kind="binary",
    alpha=0.05,
    margin=0.007,
    margin_share=0.01,
    winner=WINNER,
    rivals=(BEHIND,),
    confidence_set=("p53",),
    equivalence_p=None,
    others_beating_nulls=(),
    no_interaction_skill=NONE,
    n_units=400,
    grouped=False,
    per_class_and_fold=30.0,
    smallest_class="mutant",
    null_kind="rewired",
)
TIED = {"rivals": (CLOSE,), "confidence_set": ("p53", "MAPK"), "equivalence_p": 0.4}


def _with(winner: dict | None = None, **changes: object) -> StudyFacts:
    return replace(FACTS, winner=replace(WINNER, **(winner or {})), **changes)


MEMBERS = {"scope": "members", "null_kind": "matched-genes"}
MATCHED = {"null": _null(0.001, 0.004, kind="matched-genes"), "gain_against": "its additive part"}

BRANCHES = [
    (
        "best",
        _with(),
        "Best supported: p53. It predicts better than MAPK (by 0.021 log loss, 95 % interval 0.009 to 0.033",
    ),
    ("best", _with(rivals=()), "Supported: p53, the only hypothesis of this study"),
    ("refused", _with(n_units=9), "No verdict: 9 samples"),
    ("no-signal", _with({"skill": NONE}), "No signal shown: not even the leading hypothesis, p53"),
    ("no-signal", _with({"skill": HARMFUL}), "No signal shown"),
    ("no-signal", _with({"skill": NONE, "gain": NONE, "null": None}, **TIED, n_units=30), "No signal shown"),
    ("no-signal", _with({"skill": NONE, "gain": NONE}, no_interaction_skill=HARMFUL), "No signal shown"),
    ("no-signal", _with({"skill": NONE}, no_interaction_skill=None), "No signal shown"),
    ("edges-not-supported", _with({"skill": NONE, "gain": NONE}, no_interaction_skill=CLEAR), "Edges not supported"),
    (
        "cannot-tell",
        _with({"skill": NONE}, no_interaction_skill=CLEAR),
        "can be this far above the model without genes",
    ),
    ("edges-not-supported", _with({"gain": NOTHING}), "predicts no better than the same genes without interactions"),
    (
        "edges-not-supported",
        _with({"gain": Estimate(0.3, -0.02, 0.62, 0.063, 0.13)}),
        "is not shown to predict better than the same genes without interactions (gain 0.30 log loss, 95 % interval "
        "-0.02 to 0.62, p = 0.063). A gain of up to 0.62 log loss is not excluded",
    ),
    ("edges-not-supported", _with({"gain": HARMFUL}), "predicts worse than the same genes without interactions"),
    (
        "no-better-than-nulls",
        _with({"null": _null(0.3, 0.6, as_good=5)}),
        "5 of 19 random wirings with the same degrees",
    ),
    ("no-better-than-nulls", _with({"null": _null(0.03, 0.06)}), "Not shown to be better than chance would draw"),
    ("cannot-tell", _with({"null": None}), "the null masks (rewired) of p53 were not drawn"),
    ("cannot-tell", _with({"null": _null(0.001, 0.004, finished=False)}), "not all drawn yet (19 so far)"),
    ("cannot-tell", _with(n_units=39), "39 samples, at least 40 are needed"),
    ("cannot-tell", _with(n_units=39, grouped=True), "39 independent groups, at least 40 are needed"),
    ("cannot-tell", _with(per_class_and_fold=7.8), "class 'mutant' to name a best hypothesis: 7.8 per fold"),
    ("cannot-tell", _with({"skill": LUCKY}), "the best of 2 hypotheses can be this far above the model without genes"),
    ("cannot-tell", _with({"gain": LUCKY}), "can be this far above no interactions by luck"),
    (
        "equivalent",
        _with(**{**TIED, "equivalence_p": 0.01}),
        "Practically equivalent: p53 and MAPK predict equally well",
    ),
    (
        "cannot-tell",
        _with(**TIED),
        "MAPK may be as good (lead over MAPK: 0.004 log loss, 95 % interval -0.006 to 0.014",
    ),
    ("cannot-tell", _with(rivals=(replace(BEHIND, ahead=replace(BEHIND.ahead, p=0.07)),)), "is not certain"),
    (
        "cannot-tell",
        _with(rivals=(BEHIND,), confidence_set=("p53", "MAPK"), equivalence_p=0.9),
        "with all rivals in view",
    ),
    ("best", _with(MATCHED, **MEMBERS), "Best supported: the genes of p53. They predict better than MAPK"),
    (
        "best",
        _with({**MATCHED, "gain": NOTHING}, **MEMBERS),
        "Its edges add nothing measurable: it predicts no better than its",
    ),
    ("best", _with({**MATCHED, "gain": LUCKY}, **MEMBERS), "Its edges add to its genes"),
    (
        "best",
        _with({**MATCHED, "gain": HARMFUL}, **MEMBERS),
        "With its edges it predicts worse than its genes taken one by",
    ),
    (
        "best",
        _with({**MATCHED, "gain": Estimate(0.0, 0.0, 0.0, 1.0, 1.0)}, **MEMBERS),
        "Its edges change nothing",
    ),
    (
        "no-better-than-nulls",
        _with({"null": _null(0.4, 0.8, kind="matched-genes", as_good=7), "gain": CLEAR}, **MEMBERS),
        "do not single out these genes among random gene sets",
    ),
    ("cannot-tell", _with({"null": None}, **MEMBERS), "the null masks (matched-genes) of p53 were not drawn"),
]


@pytest.mark.parametrize(("code", "facts", "says"), BRANCHES, ids=[f"{i}-{b[0]}" for i, b in enumerate(BRANCHES)])
def test_each_branch_gives_its_code_and_says_why(code: str, facts: StudyFacts, says: str) -> None:
    verdict = study_verdict(facts)
    assert verdict.code == code
    assert says in verdict.sentence
    assert verdict.sentence.endswith(".")


def test_reasons_come_in_the_order_of_the_gates_and_stop_at_the_one_that_decides() -> None:
    assert [reason.code for reason in study_verdict(FACTS).reasons] == ["predicts", "edges", "nulls", "rivals"]
    assert [reason.supports for reason in study_verdict(FACTS).reasons] == [True] * 4
    assert [reason.code for reason in study_verdict(_with({"gain": NONE})).reasons] == ["predicts", "edges"]
    assert [reason.code for reason in study_verdict(_with(**TIED)).reasons][-2:] == ["rivals", "samples-needed"]


def test_edges_that_add_nothing_are_against_a_wiring_but_only_qualify_a_membership() -> None:
    def edges(facts: StudyFacts) -> bool | None:
        return next(reason.supports for reason in study_verdict(facts).reasons if reason.code == "edges")

    assert edges(_with({"gain": NONE})) is False
    assert edges(_with({**MATCHED, "gain": NONE}, **MEMBERS)) is None
    assert edges(_with({**MATCHED, "gain": CLEAR}, **MEMBERS)) is True


@pytest.mark.parametrize(
    "facts",
    [_with(n_units=99), _with(n_units=99, **{**TIED, "equivalence_p": 0.01}), _with({"skill": NONE}, n_units=99)],
)
def test_below_a_hundred_samples_every_verdict_carries_a_warning(facts: StudyFacts) -> None:
    verdict = study_verdict(facts)
    assert verdict.reasons[-1].code == "small-sample"
    if verdict.code in {"best", "equivalent"}:
        assert "with 99 samples (fewer than 100)" in verdict.sentence


def test_a_hundred_samples_carry_no_warning() -> None:
    assert "small-sample" not in {reason.code for reason in study_verdict(_with(n_units=100)).reasons}


def test_the_number_of_samples_that_would_decide_is_named_or_admitted_unknown() -> None:
    assert "about 1,900 samples would decide in four of five" in study_verdict(_with(**TIED)).sentence
    assert "about 1,900 groups" in study_verdict(_with(**TIED, grouped=True)).sentence
    unknown = {**TIED, "rivals": (replace(CLOSE, samples_needed=None),)}
    assert "too small for a guess" in study_verdict(_with(**unknown)).sentence


def test_a_rival_that_beats_its_nulls_is_named_when_the_leader_does_not() -> None:
    facts = _with({"null": _null(0.3, 0.6, as_good=5)}, others_beating_nulls=("MAPK",))
    assert "MAPK, which may be as good, does beat random wirings." in study_verdict(facts).sentence


OF_ONE = [
    (
        "best",
        WINNER,
        FACTS,
        "Beats 19 random wirings with the same degrees (p = 0.004) and every rival (closest: MAPK, by 0.021",
    ),
    ("best", WINNER, _with(rivals=()), "Beats 19 random wirings with the same degrees (p = 0.004)."),
    ("equivalent", WINNER, _with(**{**TIED, "equivalence_p": 0.01}), "practically equivalent to 1 rival"),
    ("among-the-best", WINNER, _with(**TIED), "may be the best"),
    (
        "supported",
        replace(WINNER, name="MAPK", in_confidence_set=False),
        FACTS,
        "; p53 predicts better by 0.021 log loss",
    ),
    ("not-supported", replace(WINNER, skill=NONE), FACTS, "Not shown to predict better than the model without genes"),
    ("not-supported", replace(WINNER, gain=NONE), FACTS, "Its edges add nothing measurable"),
    (
        "worse-than-no-interaction",
        replace(WINNER, gain=HARMFUL),
        FACTS,
        "worse than the same genes without interactions",
    ),
    ("no-better-than-nulls", replace(WINNER, null=_null(0.3, 0.6, as_good=5)), FACTS, "5 did at least as well"),
    ("cannot-tell", replace(WINNER, null=None), FACTS, "Predicts, but its null masks were not drawn."),
    ("cannot-tell", replace(WINNER, null=None, in_confidence_set=False), FACTS, "not drawn; p53 predicts better."),
    ("cannot-tell", replace(WINNER, null=_null(0.3, 0.6, finished=False)), FACTS, "not all drawn"),
    ("cannot-tell", replace(WINNER, skill=LUCKY), FACTS, "one of 2 hypotheses"),
    ("cannot-tell", replace(WINNER, gain=LUCKY), FACTS, "one of 2 hypotheses"),
    ("best", replace(WINNER, gain=NONE), _with(**MEMBERS), "Beats"),
    ("best", replace(WINNER, gain=HARMFUL), _with(**MEMBERS), "Beats"),
]


@pytest.mark.parametrize(("code", "own", "facts", "says"), OF_ONE, ids=[f"{i}-{b[0]}" for i, b in enumerate(OF_ONE)])
def test_each_hypothesis_is_judged_by_the_same_rules(code, own, facts, says) -> None:
    found, sentence = hypothesis_verdict(own, facts, study_verdict(facts).code)
    assert found == code
    assert says in sentence


def test_edges_that_may_add_much_are_not_said_to_add_nothing() -> None:
    wide = _with({"gain": Estimate(0.3, -0.02, 0.62, 0.063, 0.13)})
    verdict = study_verdict(wide)
    said = " ".join([verdict.sentence, *(reason.sentence for reason in verdict.reasons)])
    assert "one by one" not in said
    assert "add nothing" not in said
    assert "Its edges are not shown to add anything" in said
    assert "is not excluded" not in study_verdict(_with({"gain": NOTHING})).sentence
