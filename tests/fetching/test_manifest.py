"""The shipped manifest is sound, and a faulty one is named line by line."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from hypomask.errors import ConfigError, FetchError
from hypomask.knowledge.fetching.manifest import Manifest, load_manifest, shipped_manifest

RESOURCES = shipped_manifest().resources


@pytest.mark.parametrize("name", RESOURCES)
def test_every_shipped_source_is_stated_completely(name: str) -> None:
    resource = RESOURCES[name]
    assert resource.title
    assert resource.licence
    assert re.search(r"doi:10\.\d{4,}/", resource.citation)
    assert urlsplit(resource.url).scheme == urlsplit(resource.page).scheme == "https"
    if resource.version is not None:
        assert re.match(r"20\d\d", resource.released)
        assert "current" not in resource.url
        assert "latest" not in resource.url
    assert resource.sha256 is None or resource.version is not None


def test_what_the_issue_asks_for_is_there() -> None:
    asked = {"go", "goa-human", "reactome", "reactome-relations", "hgnc", "collectri", "dorothea", "string-human"}
    assert asked | {"wikipathways-human", "hcop-mouse", "alliance-orthologs", "msigdb-hallmark"} <= set(RESOURCES)


def test_terms_beyond_naming_the_source_ask_for_consent() -> None:
    assert {name for name, resource in RESOURCES.items() if resource.consent} == {
        "msigdb-hallmark",
        "collectri",
        "dorothea",
        "omnipath",
    }


@pytest.mark.parametrize("name", ["kegg", "KEGG", "kegg-hsa04110", "transfac", "biocarta", "phosphositeplus", "omim"])
def test_what_may_not_be_fetched_is_refused_with_a_way_out(name: str) -> None:
    with pytest.raises(FetchError, match=r"is never fetched: .*; .*"):
        shipped_manifest().resource(name)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"url": "https://rest.kegg.jp/get/hsa04110/kgml"}, "never fetched: KEGG"),
        ({"url": "https://KEGG.JP./x"}, "never fetched: KEGG"),
        ({"url": "http://example.org/thing.obo"}, "not an https address"),
        ({"url": "file:///etc/passwd"}, "not an https address"),
        ({"url": "https://[broken/thing.obo"}, "is not an address"),
        ({"sha256": "abc"}, "64 hexadecimal digits"),
        ({"file": "../thing"}, "expected a name of letters"),
        ({"member": "/etc/passwd"}, "expected a name of letters"),
        ({"version": "../1"}, "expected a name of letters"),
        ({"version": None}, "either 'version' or 'moving: true'"),
        ({"moving": True}, "either 'version' or 'moving: true'"),
        ({"version": None, "moving": True}, "a moving address has no lasting sha256"),
        ({"licence": None}, "needs 'licence'"),
        ({"bytes": -1}, "'bytes' must be a whole number at least 1"),
        ({"sha265": "x"}, "unknown key 'sha265'.*Did you mean 'sha256'"),
    ],
)
def test_faulty_entries_are_named_with_their_line(
    manifest_of: Callable[..., Manifest], tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        manifest_of(**changes)
    assert str(tmp_path / "manifest.yaml") in str(caught.value)


def test_names_that_could_climb_out_of_the_cache_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    entry = "{title: t, version: 1, url: https://example.org/x, licence: l, citation: c}"
    path.write_text(f"format: 1\nresources:\n  ../up: {entry}\n")
    with pytest.raises(ConfigError, match="expected small letters"):
        load_manifest(path)


def test_a_manifest_of_another_format_is_named(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text("format: 2\nresources: {}\n")
    with pytest.raises(ConfigError, match="begins with 'format: 1'"):
        load_manifest(path)
