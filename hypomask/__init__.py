"""Which gene-interaction hypothesis the data support: masked gene transformers, matched nulls, a verdict.

Importing this package loads nothing: the names below are fetched on first use (PEP 562).

Examples
--------
>>> import hypomask
>>> hypomask.__version__.count(".") >= 2
True
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from hypomask.version import __version__

if TYPE_CHECKING:
    from hypomask.data.cohort import Cohort
    from hypomask.data.reading import read_cohort
    from hypomask.data.simulated import simulate_cohort
    from hypomask.execution.run import compare, open_run
    from hypomask.execution.study import load_study
    from hypomask.hypothesis.graph import Hypothesis
    from hypomask.knowledge.documents import load_hypotheses
    from hypomask.masks.mask import Mask
    from hypomask.report.render import render_report
    from hypomask.training.estimators import MaskedGeneClassifier, MaskedGeneRegressor

__all__ = [
    "Cohort",
    "Hypothesis",
    "Mask",
    "MaskedGeneClassifier",
    "MaskedGeneRegressor",
    "__version__",
    "compare",
    "load_hypotheses",
    "load_study",
    "open_run",
    "read_cohort",
    "render_report",
    "simulate_cohort",
]

_MODULES = {
    "Cohort": "hypomask.data.cohort",
    "Hypothesis": "hypomask.hypothesis.graph",
    "Mask": "hypomask.masks.mask",
    "MaskedGeneClassifier": "hypomask.training.estimators",
    "MaskedGeneRegressor": "hypomask.training.estimators",
    "compare": "hypomask.execution.run",
    "load_hypotheses": "hypomask.knowledge.documents",
    "load_study": "hypomask.execution.study",
    "open_run": "hypomask.execution.run",
    "read_cohort": "hypomask.data.reading",
    "render_report": "hypomask.report.render",
    "simulate_cohort": "hypomask.data.simulated",
}


def __getattr__(name: str) -> Any:  # what a lazily loaded name is, mypy learns from the imports above
    if name not in _MODULES:
        raise AttributeError(f"module 'hypomask' has no attribute {name!r}")
    value = getattr(import_module(_MODULES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
