"""Importing hypomask does nothing: no heavy module, no handler, no filter, no device."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
HEAVY = {
    "torch",
    "pandas",
    "scipy",
    "numpy",
    "sklearn",
    "statsmodels",
    "pyarrow",
    "networkx",
    "anndata",
    "jinja2",
    "rich",
}


def after(code: str) -> dict[str, object]:
    """Run `code` in a fresh interpreter and return what it printed as JSON."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def test_importing_hypomask_loads_nothing_heavy_and_changes_nothing() -> None:
    code = """
import json, logging, os, signal, sys, warnings
handlers, filters, environ = list(logging.root.handlers), list(warnings.filters), dict(os.environ)
sigint = signal.getsignal(signal.SIGINT)
import hypomask
named = [name for name in logging.root.manager.loggerDict if name.startswith("hypomask")]
print(json.dumps({
    "modules": sorted({name.partition(".")[0] for name in sys.modules}),
    "same": [handlers == logging.root.handlers, filters == warnings.filters, environ == dict(os.environ),
             sigint == signal.getsignal(signal.SIGINT), not named],
}))
"""
    seen = after(code)
    assert not HEAVY & set(seen["modules"])  # type: ignore[call-overload]
    assert all(seen["same"])  # type: ignore[call-overload]


def test_every_public_name_can_be_fetched() -> None:
    import hypomask

    for name in hypomask.__all__:
        assert getattr(hypomask, name) is not None
    assert set(hypomask.__all__) <= set(dir(hypomask))


def test_an_unknown_name_is_an_attribute_error() -> None:
    import hypomask

    with pytest.raises(AttributeError, match="no attribute 'compere'"):
        _ = hypomask.compere
