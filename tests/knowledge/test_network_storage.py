"""Networks stored and taken from the cache are the networks that were read."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hypomask.errors import KnowledgeError
from hypomask.hypothesis.edge_syntax import build_edge
from hypomask.hypothesis.graph import GeneGroup
from hypomask.knowledge import read_cache, string_links
from hypomask.knowledge.network import GeneNetwork
from hypomask.knowledge.network_storage import load_network, save_network
from hypomask.knowledge.string_links import StringOptions, read_string_links

NAMES = ("TP53", "MDM2", "HLA-A", "NO", "1E5", "null", "µ")
edges = st.builds(
    build_edge,
    *(st.sampled_from(NAMES[:4]), st.sampled_from(NAMES[3:])),
    relation=st.sampled_from([None, "activates", "inhibits", "binds"]),
    weight=st.floats(1e-6, 1.0),
    evidence=st.sampled_from(["", "PMID:1; x"]),
)
groups = st.lists(
    st.builds(
        GeneGroup,
        st.sampled_from(["complex", "pathway"]),
        st.lists(st.sampled_from(NAMES), min_size=1, unique=True).map(tuple),
        st.sampled_from(["clique", "star", "none"]),
        weight=st.floats(0.1, 1.0),
    ),
    unique_by=lambda group: group.name,
)


@given(st.lists(edges, max_size=6), groups)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_stored_network_is_the_same_network(tmp_path: Path, edges: list[object], groups: list[GeneGroup]) -> None:
    network = GeneNetwork.from_edges("n", edges, lone_genes=["X"], groups=groups, provenance=["p"], notes=["said"])
    save_network(network, tmp_path / "n.npz")
    again = load_network(tmp_path / "n.npz")
    assert (again.name, again.genes, again.groups) == (network.name, network.genes, network.groups)
    assert (again.provenance, again.notes) == (("p",), ("said",))
    assert again.edge_list() == network.edge_list()


@pytest.mark.parametrize(
    "edit",
    [
        lambda arrays: arrays.pop("sign"),
        lambda arrays: arrays.update(source=np.array([9])),
        lambda arrays: arrays.update(weight=np.array([1.0, 1.0])),
        lambda arrays: arrays.update(evidence=np.array([4])),
        lambda arrays: arrays.update(texts=np.frombuffer(b"[]", dtype=np.uint8)),
        lambda arrays: arrays.update(texts=np.frombuffer(json.dumps({"format": 99}).encode(), dtype=np.uint8)),
    ],
)
def test_a_damaged_store_is_refused(tmp_path: Path, edit: Callable[[dict[str, np.ndarray]], object]) -> None:
    save_network(GeneNetwork.from_edges("n", [build_edge("A", "B")]), tmp_path / "n.npz")
    with np.load(tmp_path / "n.npz") as stored:
        arrays = dict(stored)
    edit(arrays)
    np.savez(tmp_path / "n.npz", **arrays)
    with pytest.raises(KnowledgeError, match="holds no network that can be read"):
        load_network(tmp_path / "n.npz")


class TestStringLinks:
    LINKS = "protein1 protein2 database combined_score\n9606.P1 9606.P2 800 900\n9606.P2 9606.P3 700 750\n"
    INFO = "#string_protein_id\tpreferred_name\n9606.P1\tTP53\n9606.P2\tMDM2\n9606.P3\tATM\n"

    @pytest.fixture
    def links(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.setenv("HYPOMASK_CACHE", str(tmp_path / "cache"))
        monkeypatch.setattr(read_cache, "CACHED_FROM_BYTES", 0)
        path = tmp_path / "9606.protein.links.detailed.v12.0.txt"
        path.write_text(self.LINKS)
        path.with_name("9606.protein.info.v12.0.txt").write_text(self.INFO)
        return path

    def test_what_was_read_once_comes_from_the_cache(self, links: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        first = read_string_links(links)

        def refuse(*_: object) -> None:
            raise AssertionError("the links were read again")

        monkeypatch.setattr(string_links, "_chunks", refuse)
        again = read_string_links(links)
        assert (again.edge_list(), again.notes) == (first.edge_list(), first.notes)
        assert again.provenance == first.provenance

    @pytest.mark.parametrize(
        "options",
        [StringOptions(min_score=800), StringOptions(channels=("database",))],
        ids=["another score", "other channels"],
    )
    def test_another_choice_is_another_entry(self, links: Path, options: StringOptions) -> None:
        assert read_string_links(links).edge_list() != read_string_links(links, options).edge_list()

    def test_other_names_beside_the_links_are_read_again(self, links: Path) -> None:
        assert "TP53" in read_string_links(links).genes
        links.with_name("9606.protein.info.v12.0.txt").write_text(self.INFO.replace("TP53", "P53"))
        assert "P53" in read_string_links(links).genes
        links.with_name("9606.protein.info.v12.0.txt").unlink()
        assert set(read_string_links(links).genes) == {"P1", "P2", "P3"}
