"""Knockouts as one HTML file: what was done, ranked effects, the path of one, an epistasis map, tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from hypomask.execution.durable import write_durably
from hypomask.knockout.effect_path import EffectPath
from hypomask.knockout.epistasis import PairScan
from hypomask.knockout.interventions import GeneEdit
from hypomask.knockout.scan_result import Scan
from hypomask.report.figures.effect_path import effect_path_figure
from hypomask.report.figures.epistasis_map import epistasis_map
from hypomask.report.figures.ranked_effects import MAX_ROWS, ranked_effects
from hypomask.report.knockout_rows import MAX_TABLE_ROWS, pair_rows, scan_rows
from hypomask.report.page_environment import page_environment
from hypomask.report.wording import count, interval, number, percentage, signed
from hypomask.version import __version__

__all__ = ["pair_html", "pair_sentence", "scan_html", "scan_sentence", "write_html"]

FAR_FROM_MEAN = 5.0  # times a mean effect, from which on the root mean square over samples tells another story


def scan_sentence(scan: Scan) -> str:
    """Return the answer in a sentence or two."""
    table = scan.table
    sure = table[table["p_holm"] < scan.alpha]
    largest = table.iloc[0]
    name = f"{table.index[0]} ({largest['output']})" if "output" in table else str(table.index[0])
    covered = percentage(1 - scan.alpha)
    size = f"{signed(largest['effect'])} ({covered} interval {interval(largest['low'], largest['high'])})"
    if not table["effect"].abs().max() > 0:
        return "None of these interventions changes anything that the models predict."
    hidden = _hidden_by_means(scan)
    if len(table) == 1:
        return f"{name}: {size} on the link scale, {signed(largest['unit_effect'])} {scan.unit}.{hidden}"
    found = "none has" if not len(sure) else "one has" if len(sure) == 1 else f"{len(sure):,} have"
    return (
        f"Of {count(len(table), 'effect')}, {found} an interval that excludes 0 after correction (Holm, level "
        f"{scan.alpha:g}). Largest: {name}, {size}.{hidden}"
    )


def _hidden_by_means(scan: Scan) -> str:
    """Name what raises some samples and lowers others by much: an edge that multiplies two genes has no mean effect."""
    rms = scan.table["mediated_rms"].to_numpy()
    position = int(rms.argmax())
    row = scan.table.iloc[position]
    if row["p_holm"] < scan.alpha or not rms[position] > FAR_FROM_MEAN * abs(row["effect"]) or len(scan.samples) < 2:
        return ""
    name = f"{scan.table.index[position]} ({row['output']})" if "output" in scan.table else scan.table.index[position]
    return (
        f" Means hide {name}: through the mask it changes samples by {number(rms[position])} (root mean square), up in "
        "some and down in others; look at what responds most, at --stratum or --sample."
    )


def pair_sentence(scan: PairScan) -> str:
    """Return the answer in a sentence or two."""
    table = scan.table
    sure = int((table["p_holm"] < scan.alpha).sum())
    first = table.iloc[0]
    size = f"{signed(first['epistasis'])} ({interval(first['low'], first['high'])})"
    lethal = ""
    if "synthetic_lethal" in table:
        n = int(table["synthetic_lethal"].sum())
        lethal = f" {count(n, 'synthetic-lethal candidate') if n else 'No synthetic-lethal candidate'}."
    found = "none has" if not sure else "one has" if sure == 1 else f"{sure:,} have"
    return (
        f"Of {count(scan.n_tests, 'pair')} that can interact, {found} an epistasis that differs from 0 after "
        f"correction (Holm, level {scan.alpha:g}). Largest: {first['a']} with {first['b']}, {size}."
        f"{_hidden_by_mean_epistasis(scan)}{lethal}"
    )


def _hidden_by_mean_epistasis(scan: PairScan) -> str:
    """Name the pair with the largest epistasis in single samples, where means over samples do not show it."""
    table = scan.table
    row = table.iloc[int(table["epistasis_rms"].argmax())]
    if row["p_holm"] < scan.alpha or not row["epistasis_rms"] > FAR_FROM_MEAN * abs(row["epistasis"]):
        return ""
    cut = any(isinstance(edit, GeneEdit) and edit.cut for each in scan.singles for edit in each.edits)
    why = (
        " A knockout cuts the gene's edges, and with them goes a product of two genes, which is about 0 on average: "
        "--dose 0 silences genes and keeps their edges."
        if cut
        else ""
    )
    return (
        f" Means hide {row['a']} with {row['b']}: in single samples both together differ from the sum by "
        f"{number(row['epistasis_rms'])} (root mean square), up in some and down in others.{why}"
    )


def scan_html(scan: Scan, path: EffectPath | None = None, command: str = "", report: str = "") -> str:
    """Return the page of a scan; `path`: of the intervention whose way is drawn; `report`: address of the run's."""
    figures = []
    table = scan.table
    if len(table) > 1:
        shown = min(len(table), MAX_ROWS)
        figures.append(
            {
                "heading": "Ranked effects",
                "picture": ranked_effects(table, scan.link, scan.alpha, name="ranked"),
                "caption": f"The {shown} largest mean effects on the link scale ({scan.link}), with "
                f"{percentage(1 - scan.alpha)} intervals. Blue: p adjusted by Holm below {scan.alpha:g}.",
            }
        )
    if path is not None:
        figures.append(
            {
                "heading": f"Path of {path.intervention}",
                "picture": effect_path_figure(path, scan.phenotype, name="path"),
                "caption": "What the edit changes, token by token: lines to the phenotype are as wide as what a token "
                "adds in size (root mean square over samples), green where it raises and red where it lowers on "
                f"average. Through the gene's own term: {signed(path.direct)}.",
            }
        )
    headings, rows = scan_rows(table)
    left_out = f" The first {MAX_TABLE_ROWS} of {len(table):,}; the file has all." if len(table) > len(rows) else ""
    caption = (
        f"Effects on the link scale ({scan.link}); unit: {scan.unit}. Agree: share of models with this sign. Through "
        f"mask: the mediated part, and its root mean square over samples.{left_out}"
    )
    return _page("Knockouts", scan_sentence(scan), scan.about(), figures, (headings, rows), caption, command, report)


def pair_html(scan: PairScan, command: str = "", report: str = "") -> str:
    """Return the page of a scan of pairs; `report`: address of the run's."""
    figures = [
        {
            "heading": "Epistasis map",
            "picture": epistasis_map(scan.table, name="epistasis"),
            "caption": "Joint effect less the sum of both, on the link scale: green above, red below. Empty: exactly "
            "0, or not computed.",
        }
    ]
    headings, rows = pair_rows(scan.table)
    left_out = f" The first {MAX_TABLE_ROWS} of {len(scan.table):,}." if len(scan.table) > len(rows) else ""
    caption = (
        f"Effects on the link scale ({scan.link}). Rms: root mean square of the epistasis over samples. "
        f"{count(scan.n_zero, 'pair')} share no token and have an epistasis "
        f"of exactly 0.{left_out}"
    )
    return _page("Epistasis", pair_sentence(scan), scan.about(), figures, (headings, rows), caption, command, report)


def write_html(html: str, path: Path) -> Path:
    """Write a page, whole or not at all.

    Raises
    ------
    RunError
        When the file cannot be written.
    """
    content = html.encode("utf-8")
    write_durably(path, lambda file: file.write(content), "the page of knockouts")
    return path


def _page(
    title: str,
    sentence: str,
    about: dict[str, Any],
    figures: Sequence[dict[str, str | Markup]],
    table: tuple[list[str], list[list[str]]],
    caption: str,
    command: str,
    report: str,
) -> str:
    facts = [
        ("Reference level", about["reference_level"]),
        ("Samples", f"{about['samples']}: {about['n_samples']:,}"),
        ("Link scale", about["link_scale"]),
        ("In the phenotype's own terms", about["unit"]),
        ("Intervals", f"{percentage(about['interval'])}, {about['degrees_of_freedom']} degrees of freedom"),
        ("p values against", about["p_against"]),
    ]
    return (
        page_environment()
        .get_template("knockout.html.j2")
        .render(
            title=title,
            sentence=sentence,
            about=about,
            facts=facts,
            figures=figures,
            headings=table[0],
            rows=table[1],
            table_caption=caption,
            command=command,
            report=report,
            version=__version__,
        )
    )
