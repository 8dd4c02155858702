"""How much is trained: folds, repeats, null masks, references."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hypomask.errors import ConfigError

__all__ = ["GenesConfig", "NullChoice", "PlanConfig"]

GenesConfig = Literal["auto", "named", "all"]
NullChoice = Literal["auto", "rewired", "rewired-within-modules", "relabelled", "matched-genes"]


@dataclass(frozen=True)
class PlanConfig:
    """The budget of a study; the same for every hypothesis.

    Parameters
    ----------
    folds, repeats
        Of the cross-validation. Every hypothesis is trained `folds` x `repeats` times.
    nulls
        Null masks drawn for a hypothesis at most; 0: no null tests (and then no hypothesis can be called best). With
        99 the test is exact for up to 5 hypotheses; with fewer draws, or more hypotheses, it is approximate.
        The sequence ends earlier for a hypothesis that is no better than chance (`comparison.null_stop_after`).
    null_repeats
        Repeats of the cross-validation that null masks are scored with; at most `repeats`. The hypothesis enters its
        null test with its loss over the same repeats, so that the rank stays exact. Against three repeats, one costs a
        third and a little power (ridge on products, 20 genes, 99 draws, 200 cohorts each: 28 against 29 % where edges
        explain 5 % and n = 200, 60 against 66 % for 10 %, 73 against 80 % for 10 % and n = 300).
    null_kind
        ``rewired``: the same degrees, random wiring. ``rewired-within-modules``: edges, moreover, only change places
        with edges between the same two modules, so that a hypothesis must beat wirings that have its modules; without,
        a wrong wiring within the right modules can beat its nulls. ``relabelled``: the same shape, genes permuted.
        ``matched-genes``: the same shape on other genes that vary as much. ``auto``: rewired when the scope is
        ``all``, matched genes when it is ``members``.
    null_modules
        For ``rewired-within-modules``: a table with the columns ``gene`` and ``module``. Empty: the groups that each
        hypothesis names are its modules.
    nulls_for
        ``contenders``: up to 8 hypotheses all of them; of more, the leading one and those that may be the best, 8 at
        most. ``all``: every hypothesis, which costs accordingly.
    genes
        With scope ``all``, the genes that are tokens: ``all`` of the cohort, those that are ``named`` by any
        hypothesis, or ``auto``: all when the cohort has no more than 2,000, else those named.
    unconstrained
        Train the reference that may read every pair of genes, too.
    reference_genes
        With scope ``members`` the references are trained on all genes of all hypotheses together, if they are no more
        than this; more, and they would cost more than the study.
    min_coverage
        Share of a hypothesis' genes that the cohort must have; below it the study refuses to run.
    seed
        Everything random derives from it.
    keep_models
        Keep the trained models of hypotheses and references, which knockouts need: ``auto`` while they take no more
        than 2 GB together, ``all``, or ``none``. No number of the comparison depends on it.
    keep_null_models
        Keep the models of so many null draws of each hypothesis, too, as a yardstick for knockouts.
    """

    folds: int = 5
    repeats: int = 3
    nulls: int = 99
    null_repeats: int = 1
    null_kind: NullChoice = "auto"
    null_modules: str = ""
    nulls_for: Literal["contenders", "all"] = "contenders"
    genes: GenesConfig = "auto"
    unconstrained: bool = True
    reference_genes: int = 1000
    min_coverage: float = 0.5
    seed: int = 0
    keep_models: Literal["auto", "all", "none"] = "auto"
    keep_null_models: int = 0

    def __post_init__(self) -> None:
        limits = (("folds", 2, 100), ("repeats", 1, 100), ("nulls", 0, 9999), ("null_repeats", 1, self.repeats))
        for name, least, most in limits:
            value = getattr(self, name)
            if not least <= value <= most:
                raise ConfigError(f"plan.{name}: got {value}, expected a whole number from {least} to {most}")
        if self.null_modules and self.null_kind != "rewired-within-modules":
            raise ConfigError(
                f"plan.null_modules: modules are kept with null_kind: rewired-within-modules, got {self.null_kind}"
            )
        if self.nulls == 1:
            raise ConfigError("plan.nulls: got 1, expected 0 (no null tests) or at least 2; 99 is the usual choice")
        for name in ("reference_genes", "keep_null_models"):
            if getattr(self, name) < 0:
                raise ConfigError(f"plan.{name}: got {getattr(self, name)}, expected at least 0")
        if not 0 <= self.min_coverage <= 1:
            raise ConfigError(f"plan.min_coverage: got {self.min_coverage}, expected a share from 0 to 1")
        if not 0 <= self.seed < 2**63:
            raise ConfigError(f"plan.seed: got {self.seed}, expected a whole number of at least 0")
