"""The page: one file, nothing loaded, everything escaped, every number with its uncertainty."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from hypomask.comparison.result import (
    Comparison,
    HeterogeneityResult,
    ModelHealth,
    SubgroupResult,
    SubgroupTable,
    VerdictCode,
)
from hypomask.errors import RunError
from hypomask.execution.spending import Spent
from hypomask.masks.coverage import Coverage
from hypomask.masks.mask import Mask
from hypomask.report.knockout_section import KnockoutSection, KnockoutTable
from hypomask.report.page import MAX_FIGURE_ROWS, Page, pair_matrix, shown_in_figures
from hypomask.report.render import page_html, write_page

VOID = {"meta", "br", "img", "link", "input", "hr"}
THREE = ("p53 response", "apoptosis only", "relay")


class Outline(HTMLParser):
    """Collects elements and insists that every one of them is closed."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture
def outline(make_page: Callable[..., Page], make_comparison: Callable[..., Comparison]) -> Outline:
    return Outline(page_html(make_page(make_comparison(THREE))))


def test_the_page_loads_nothing_and_runs_nothing(outline: Outline) -> None:
    tags = {tag for tag, _ in outline.elements}
    assert not tags & {"script", "link", "img", "iframe", "object", "embed", "image", "use", "base", "form"}
    addresses = [a["href"] or "" for a in outline.all("a")]
    assert all(address.startswith(("#", "https://doi.org/")) for address in addresses)
    for _, attributes in outline.elements:
        assert not any(name.startswith("on") or name in {"src", "srcset", "style"} for name in attributes)
    style = re.sub(r"/\*.*?\*/", "", "".join(outline.text))
    assert "url(" not in style
    assert "@import" not in style


def test_the_page_forbids_itself_to_load_anything(outline: Outline) -> None:
    policies = [m["content"] for m in outline.all("meta") if m.get("http-equiv") == "Content-Security-Policy"]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'"]


def test_the_page_fits_a_phone_the_dark_and_paper(outline: Outline) -> None:
    assert any(m.get("name") == "viewport" for m in outline.all("meta"))
    style = "".join(outline.text)
    assert "prefers-color-scheme: dark" in style
    assert "@media print" in style


def test_every_link_within_the_page_has_its_target_and_ids_are_unique(outline: Outline) -> None:
    ids = [attributes["id"] for _, attributes in outline.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    for anchor in outline.all("a"):
        if (anchor["href"] or "").startswith("#"):
            assert (anchor["href"] or "")[1:] in ids


def test_every_figure_has_a_title_and_a_description(outline: Outline) -> None:
    ids = {attributes.get("id") for _, attributes in outline.elements}
    figures = outline.all("svg")
    assert len(figures) == 2 + len(THREE)
    for figure in figures:
        assert figure["role"] == "img"
        assert set((figure["aria-labelledby"] or "").split()) <= ids


def test_every_table_head_says_what_it_heads(outline: Outline) -> None:
    assert all(head.get("scope") in {"col", "row"} for head in outline.all("th"))
    assert len(outline.all("caption")) == len(outline.all("table"))


@pytest.mark.parametrize("code", ["best", "equivalent", "cannot-tell", "no-better-than-nulls", "no-signal", "refused"])
@pytest.mark.parametrize("scope", ["all", "members"])
def test_every_verdict_is_the_first_thing_on_the_page(
    code: VerdictCode, scope: str, make_page: Callable[..., Page], make_comparison: Callable[..., Comparison]
) -> None:
    comparison = make_comparison(THREE, code, scope=scope)
    html = page_html(make_page(comparison))
    Outline(html)
    words = comparison.verdict.sentence.split(".")[0]
    assert words in html
    assert html.index(words) < html.index('id="ranking"')
    for reason in comparison.verdict.reasons:
        assert reason.sentence in html


def test_names_that_are_code_stay_text(
    hostile: str,
    make_page: Callable[..., Page],
    make_comparison: Callable[..., Comparison],
    make_mask: Callable[..., Mask],
) -> None:
    names = (
        hostile,
        '"><svg onload=alert(1)>',
        "{{ 7 * 7 }}",
        "&lt;b&gt;",
        "a\x1b[31mred",
        "\u202egnp.exe",
        "lone \ud800",
    )
    comparison = make_comparison(names)
    warned = replace(comparison, warnings=(hostile,), settings={hostile: hostile})
    mask = replace(make_mask("x", 5, 8), name=hostile, genes=(hostile, "a</title><script>", "b", "c", "d"))
    page = make_page(warned, title=hostile, question=hostile, command=hostile, masks=(mask,), notes=names)
    html = page_html(page)
    outline = Outline(html)
    assert not {"script", "img", "b"} & {tag for tag, _ in outline.elements}
    assert not any(name.startswith("on") for _, attributes in outline.elements for name in attributes)
    text = "".join(outline.text)
    assert "{{ 7 * 7 }}" in text
    assert "&lt;b&gt;" in text
    assert "\x1b" not in html
    assert "\u202e" not in html
    html.encode("utf-8")


def test_the_page_says_where_hypotheses_come_from_those_of_one_file_together(
    hostile: str, make_page: Callable[..., Page], make_comparison: Callable[..., Comparison]
) -> None:
    names = ("first", "second", "third")
    lines = [("reactome 97, released 2026-06, fetched 2026-11-21, sha256 abc",)] * 2 + [(hostile,)]
    coverage = tuple(
        Coverage(name, 2, 2, (), 1, 1, 2, (), provenance=come) for name, come in zip(names, lines, strict=True)
    )
    page = make_page(make_comparison(names), coverage=coverage)
    assert [shown for shown, _ in page.origins] == ["first, second", "third"]
    html = page_html(page)
    assert html.count("<li>reactome 97, released 2026-06, fetched 2026-11-21, sha256 abc</li>") == 1
    assert not {"script", "img"} & {tag for tag, _ in Outline(html).elements}
    assert "Where they come from" not in page_html(make_page(make_comparison(names)))


def test_fifty_hypotheses_are_all_ranked_and_the_figures_stay_readable(
    make_page: Callable[..., Page], make_comparison: Callable[..., Comparison]
) -> None:
    names = tuple(f"HALLMARK_NUMBER_{k}_WITH_A_NAME_THAT_HAS_NO_END_{'X' * 40}" for k in range(50))
    comparison = make_comparison(names, scope="members")
    html = page_html(make_page(comparison))
    outline = Outline(html)
    heads = [head for head in outline.all("th") if head.get("role") == "rowheader"]
    assert len(heads) >= 52
    shown = shown_in_figures(comparison)
    assert len(shown) == MAX_FIGURE_ROWS
    assert {"no-interaction", "unconstrained"} <= {result.name for result in shown}
    assert len(html) < 1_500_000


def test_a_study_of_one_hypothesis_has_no_pair_table(
    make_page: Callable[..., Page], make_comparison: Callable[..., Comparison]
) -> None:
    html = page_html(make_page(make_comparison(("only",), nulls=0)))
    Outline(html)
    assert 'id="pairs"' not in html
    assert 'href="#pairs"' not in html


def test_skill_gain_and_pairs_carry_their_intervals(outline: Outline) -> None:
    text = " ".join("".join(outline.text).split())
    assert "[0.158, 0.278]" in text
    assert "[0.059, 0.101]" in text
    assert "± 0.020" in text


def test_pair_matrix_turns_the_sign_and_the_interval_with_the_pair(make_comparison: Callable[..., Comparison]) -> None:
    names, cells = pair_matrix(make_comparison(THREE))
    assert names == THREE
    for a in names:
        for b in names:
            if a != b:
                here, there = cells[a, b], cells[b, a]
                assert here.difference == -there.difference
                assert (here.low, here.high) == (-there.high, -there.low)
                assert here.low < here.difference < here.high


def test_the_page_is_written_whole_or_not_at_all(
    tmp_path: Path,
    make_page: Callable[..., Page],
    make_comparison: Callable[..., Comparison],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page = make_page(make_comparison(THREE))
    path = write_page(page, tmp_path / "report.html")
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(RunError, match="disk is full"):
        write_page(page, path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]


def test_the_same_result_gives_the_same_page(
    make_page: Callable[..., Page], make_comparison: Callable[..., Comparison]
) -> None:
    assert page_html(make_page(make_comparison(THREE))) == page_html(make_page(make_comparison(THREE)))


def test_the_figure_with_the_null_masks_comes_first(
    make_page: Callable[..., Page], make_comparison: Callable[..., Comparison]
) -> None:
    for scope, first, second in (("all", "effects-title", "skill-title"), ("members", "skill-title", "effects-title")):
        html = page_html(make_page(make_comparison(THREE, scope=scope)))
        assert html.index(f'id="{first}"') < html.index(f'id="{second}"')


def test_intervals_are_named_by_the_level_of_the_study(
    make_page: Callable[..., Page], make_comparison: Callable[..., Comparison]
) -> None:
    comparison = make_comparison(THREE)
    html = page_html(make_page(replace(comparison, settings={**comparison.settings, "level": 0.1})))
    assert "90 % interval" in html
    assert "95 %" not in html


def test_the_page_says_over_which_repeats_null_masks_were_scored(
    make_page: Callable[..., Page], make_comparison: Callable[..., Comparison]
) -> None:
    comparison = make_comparison(THREE)
    assert "first 1 of 3 repeats" not in page_html(make_page(comparison))
    known = replace(comparison, settings={**comparison.settings, "null_repeats": 1})
    assert "Both sides are scored over the first 1 of 3 repeats" in page_html(make_page(known))


def test_the_page_shows_how_the_fits_went_and_what_seeds_would_change(
    make_page: Callable[..., Page], make_comparison: Callable[..., Comparison]
) -> None:
    comparison = make_comparison(THREE)
    assert 'id="fits"' not in page_html(make_page(comparison))
    health = (
        ModelHealth(THREE[0], "hypothesis", 15, 0.82, 0.2, 3.25, 0.4, 0.0, 1.0, 0.91, 7),
        ModelHealth("no-interaction", "reference", 15, None, None, None, None, 0.0, 1.0, 0.91, 0),
    )
    pairs = tuple(replace(pair, seed_error=0.0123, seed_share=0.25) for pair in comparison.pairs)
    outline = Outline(page_html(make_page(replace(comparison, health=health, pairs=pairs))))
    text = " ".join("".join(outline.text).split())
    section = text[text.index("How the fits went") :]
    assert "p53 response 82 % 20 % 3.2 40 %, 0 % 0.91 7" in section
    assert "no-interaction – – – –, 0 % 0.91 0" in section
    assert "apoptosis only −0.055 0.0123 25 %" in section.replace("−0.0550", "−0.055")


def test_subgroups_are_shown_with_intervals_and_said_not_to_decide(
    make_page: Callable[..., Page], make_comparison: Callable[..., Comparison], hostile: str
) -> None:
    comparison = make_comparison(THREE)
    assert 'id="subgroups"' not in page_html(make_page(comparison))
    row = SubgroupResult(hostile, "male", 120, 80, THREE[0], 0.2, 0.1, 0.3, 0.001, 0.004, None, None, None, None, None)
    rival = replace(row, hypothesis=THREE[1], lead=0.03, lead_low=-0.01, lead_high=0.07, lead_p=0.1, lead_p_holm=0.2)
    table = SubgroupTable((row, rival), (HeterogeneityResult("sex", "lead", 2, 0.03, 0.06),), ("stage: 1 of 3",))
    html = page_html(make_page(replace(comparison, subgroups=table)))
    outline = Outline(html)
    assert "script" not in {tag for tag, _ in outline.elements}
    text = " ".join("".join(outline.text).split())
    section = text[text.index("Skill of the leading hypotheses") :]
    assert "Nothing here decides" in section
    assert "80 (120 in all) p53 response +0.200[0.100, 0.300], p 0.004 leads" in section
    assert "+0.030[−0.010, 0.070], p 0.200" in section
    assert "sex lead 2 0.030 0.060" in section
    assert "stage: 1 of 3" in section


def test_copies_of_samples_are_counted_once_in_the_head(
    make_page: Callable[..., Page], make_comparison: Callable[..., Comparison]
) -> None:
    comparison = replace(make_comparison(THREE), n_groups=48, unit="distinct sample")
    assert "240 samples of which 48 distinct samples (copies count once)." in page_html(make_page(comparison))
    grouped = replace(comparison, unit="group")
    assert "240 samples in 48 groups." in page_html(make_page(grouped))


KNOCKOUTS = KnockoutSection(
    tables=(
        KnockoutTable(
            title="all-genes.relay",
            sentence="Of 12 effects, one has an interval that excludes 0.",
            headings=("edited", "effect"),
            rows=(("TP53", "−1.083"), ("MDM2", "+0.400")),
            n_rows=12,
            href="knockouts/all-genes.relay.html",
        ),
    ),
    n_more=3,
    command="hypomask knockout run --all-genes",
)


def test_knockouts_are_shown_with_the_way_to_their_page(
    make_page: Callable[..., Page], make_comparison: Callable[..., Comparison]
) -> None:
    html = page_html(make_page(make_comparison(THREE), knockouts=KNOCKOUTS))
    outline = Outline(html)
    assert "knockouts/all-genes.relay.html" in [a["href"] for a in outline.all("a")]
    assert "#knockouts" in [a["href"] for a in outline.all("a")]
    assert all(head.get("scope") in {"col", "row"} for head in outline.all("th"))
    for words in (KNOCKOUTS.tables[0].sentence, "−1.083", "The first 2 of 12 rows", "And 3 more in the folder"):
        assert words in html
    assert KNOCKOUTS.command not in html


def test_without_knockouts_the_page_says_how_to_get_some(
    make_page: Callable[..., Page], make_comparison: Callable[..., Comparison], hostile: str
) -> None:
    nothing = replace(KNOCKOUTS, tables=(), n_more=0, command=f"hypomask knockout {hostile} --all-genes")
    html = page_html(make_page(make_comparison(THREE), knockouts=nothing))
    Outline(html)
    assert "--all-genes" in html
    assert hostile not in html
    assert 'id="knockouts"' not in page_html(make_page(make_comparison(THREE), knockouts=None))


def test_the_page_says_what_was_trained_for_what(
    make_page: Callable[..., Page], make_comparison: Callable[..., Comparison]
) -> None:
    spending = (Spent("hypothesis", "p53", 0, 15, 30, 28), Spent("null masks", "p53", 42, 210, 420, 400))
    page = make_page(make_comparison(THREE), spending=spending, seconds={"null masks of p53": 81.25})
    text = " ".join("".join(Outline(page_html(page)).text).split())
    assert "hypothesis p53 1 15 30 28 –" in text
    assert "null masks of p53 42 210 420 400 81.2" in text
