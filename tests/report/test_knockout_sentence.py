"""What a scan says first: means, and what they hide."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

from hypomask.report.knockout_page import scan_sentence


def said(rows: dict[str, tuple[float, float, float]], samples: int = 300) -> str:
    """The sentence on genes with (effect, root mean square through the mask, p)."""
    table = pd.DataFrame(
        [
            {"effect": effect, "low": effect - 0.3, "high": effect + 0.3, "p_holm": p, "mediated_rms": rms}
            | {"unit_effect": effect}
            for effect, rms, p in rows.values()
        ],
        index=list(rows),
    )
    scan = SimpleNamespace(table=table, alpha=0.05, unit="unit of score", samples=tuple(range(samples)))
    return scan_sentence(scan)  # type: ignore[arg-type]


def test_a_gene_that_raises_some_samples_and_lowers_others_is_named() -> None:
    text = said({"FAS": (0.17, 0.02, 1.0), "TP53": (-0.07, 1.975, 1.0)})
    assert "none has an interval that excludes 0" in text
    assert "Means hide TP53: through the mask it changes samples by 1.975 (root mean square), up in some" in text
    assert "Means hide TP53" in said({"TP53": (-0.07, 1.975, 1.0)})


@pytest.mark.parametrize("gene", [(-0.5, 1.975, 1.0), (0.2, 1.975, 0.001), (0.0, 0.0, 1.0)])
def test_a_gene_whose_mean_tells_the_story_is_not(gene: tuple[float, float, float]) -> None:
    assert "Means hide" not in said({"FAS": (1.0, 0.0, 0.001), "TP53": gene})


def test_one_sample_hides_nothing() -> None:
    assert "Means hide" not in said({"TP53": (-0.07, 1.975, float("nan"))}, samples=1)
