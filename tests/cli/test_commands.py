"""Commands that train nothing: init, validate, inspect, simulate, schema, doctor."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pandas as pd
import pytest

from hypomask.cli.shipped import shipped_hypotheses
from hypomask.cli.table_peek import peek
from hypomask.errors import RunError
from hypomask.hypothesis.document import load_hypotheses

Run = Callable[..., Any]


# init


def test_init_writes_a_study_that_validates_at_once(hypomask: Run, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "new"
    ran = hypomask("init", out, "--data", folder / "expression.tsv", "--samples", folder / "samples.tsv")
    assert ran.code == 0, ran.err
    study = (out / "study.yaml").read_text()
    assert "column: status" in study
    assert "# positive: control" in study
    assert "key: sample" in study
    assert "groups: patient" in study
    assert "A -> B" in (out / "hypotheses.yaml").read_text()
    checked = hypomask("validate", out / "study.yaml")
    assert checked.code == 0, checked.err
    assert "60 samples, 5 genes" in checked.out
    assert "groups: 30" in checked.out


def test_init_overwrites_nothing(hypomask: Run, tmp_path: Path) -> None:
    (tmp_path / "hypotheses.yaml").write_text("mine")
    ran = hypomask("init", tmp_path)
    assert ran.code == 2
    assert "hypotheses.yaml is there already" in ran.err
    assert (tmp_path / "hypotheses.yaml").read_text() == "mine"
    assert not (tmp_path / "study.yaml").exists()


def test_init_names_a_column_that_the_samples_table_does_not_have(hypomask: Run, folder: Path, tmp_path: Path) -> None:
    files = ["--data", folder / "expression.tsv", "--samples", folder / "samples.tsv"]
    ran = hypomask("init", tmp_path / "new", *files, "--phenotype", "Status")
    assert ran.code == 4
    assert "no column 'Status'. Did you mean 'status'?" in ran.err
    assert not (tmp_path / "new").exists()


def test_init_finds_the_phenotype_in_an_anndata_file(hypomask: Run, tmp_path: Path) -> None:
    anndata = pytest.importorskip("anndata")
    samples = [f"s{i}" for i in range(12)]
    obs = pd.DataFrame({"depth": range(12), "status": ["case", "control"] * 6}, index=samples)
    values = np.random.default_rng(0).standard_normal((12, 4), dtype=np.float32)
    anndata.AnnData(values, obs=obs, var=pd.DataFrame(index=list("ABCD"))).write_h5ad(tmp_path / "cells.h5ad")
    ran = hypomask("init", tmp_path / "new", "--data", tmp_path / "cells.h5ad")
    assert ran.code == 0, ran.err
    assert "phenotype: 'status' (binary)" in ran.out
    assert "samples:" not in (tmp_path / "new" / "study.yaml").read_text()
    assert hypomask("validate", tmp_path / "new" / "study.yaml").code == 0
    assert "layers: [" not in (tmp_path / "new" / "study.yaml").read_text()


def test_init_names_the_layers_of_an_anndata_file(hypomask: Run, tmp_path: Path) -> None:
    anndata = pytest.importorskip("anndata")
    obs = pd.DataFrame({"status": ["case", "control"] * 6}, index=[f"s{i}" for i in range(12)])
    values = np.random.default_rng(0).standard_normal((12, 4), dtype=np.float32)
    cells = anndata.AnnData(values, obs=obs, var=pd.DataFrame(index=list("ABCD")))
    cells.layers["lognorm"] = values
    cells.write_h5ad(tmp_path / "cells.h5ad")
    assert hypomask("init", tmp_path / "new", "--data", tmp_path / "cells.h5ad").code == 0
    study = tmp_path / "new" / "study.yaml"
    assert "# layers: [lognorm]" in study.read_text()
    assert "read 'X', not 'lognorm'" in hypomask("validate", study).out
    study.write_text(study.read_text().replace("# layers:", "layers:"))
    assert "channels lognorm" in hypomask("validate", study).out


def test_init_excludes_text_from_a_table_that_holds_everything(hypomask: Run, tmp_path: Path) -> None:
    lines = ["sample\tA\tB\tC\tD\ttreated\tsex\tstatus"]
    for i in range(15):
        numbers = "\t".join(str((i * k) % 13) for k in (1, 2, 3, 5))
        lines.append(f"s{i}\t{numbers}\t{i % 2}\t{'mf'[i % 2]}\t{'yes' if i % 3 else 'no'}")
    (tmp_path / "all.tsv").write_text("\n".join(lines))
    ran = hypomask("init", tmp_path / "new", "--data", tmp_path / "all.tsv")
    assert "1 column with two values only (treated)" in ran.out
    assert "  exclude: [sex]" in (tmp_path / "new" / "study.yaml").read_text()
    assert hypomask("validate", tmp_path / "new" / "study.yaml").code == 0


def test_init_without_files_gives_hypotheses_that_validate_and_a_study_to_fill_in(
    hypomask: Run, tmp_path: Path
) -> None:
    assert hypomask("init", tmp_path / "new").code == 0
    assert hypomask("validate", tmp_path / "new" / "hypotheses.yaml").code == 0
    ran = hypomask("validate", tmp_path / "new" / "study.yaml")
    assert ran.code == 4
    assert "expression.tsv" in ran.err


def test_init_knows_a_table_with_genes_in_rows(hypomask: Run, tmp_path: Path) -> None:
    samples = [f"s{i}" for i in range(12)]
    genes = ["ATM", "CHEK2", "TP53", "MDM2", "BAX"]
    rows = ["\t".join(["gene", *samples])] + ["\t".join([g, *(str(i * 0.5) for i in range(12))]) for g in genes]
    with gzip.open(tmp_path / "x.tsv.gz", "wt") as file:
        file.write("\n".join(rows))
    table = ["id,age,response", *(f"{s},{30 + i},{i * 1.5}" for i, s in enumerate(samples))]
    (tmp_path / "s.csv").write_text("\n".join(table))
    out = tmp_path / "new"
    assert hypomask("init", out, "--data", tmp_path / "x.tsv.gz", "--samples", tmp_path / "s.csv").code == 0
    assert "column: response" in (out / "study.yaml").read_text()
    assert "ATM -> CHEK2" in (out / "hypotheses.yaml").read_text()


def test_init_leaves_out_what_an_annotated_table_and_a_patchy_phenotype_hold(hypomask: Run, tmp_path: Path) -> None:
    samples = [f"s{i}" for i in range(15)]
    genes = [f"ENSG0000000000{i}.1" for i in range(5)]
    rows = [",".join(["gene_id", "gene_name", *samples])]
    rows += [",".join([gene, f"NAME{i}", *(str((i + 2) * j % 31) for j in range(15))]) for i, gene in enumerate(genes)]
    (tmp_path / "x.csv").write_text("\n".join(rows))
    table = ["id,response", *(f"{s},{'' if i < 2 else i * 1.5}" for i, s in enumerate(samples))]
    (tmp_path / "s.csv").write_text("\n".join(table))
    ran = hypomask("init", tmp_path / "new", "--data", tmp_path / "x.csv", "--samples", tmp_path / "s.csv")
    assert "'response' is missing in 2 rows, to be left out" in ran.out
    assert "  exclude: [gene_name]" in (tmp_path / "new" / "study.yaml").read_text()
    ran = hypomask("validate", tmp_path / "new" / "study.yaml")
    assert ran.code == 0, ran.err
    assert "13 samples, 5 genes" in ran.out
    assert "2 samples without 'response', left out (lines 2, 3)" in ran.out


def test_init_says_how_to_explain_the_measurements_themselves(hypomask: Run, folder: Path, tmp_path: Path) -> None:
    ran = hypomask("init", tmp_path / "new", "--data", folder / "expression.tsv")
    assert "{target: masked-genes}" in ran.out
    study = (tmp_path / "new" / "study.yaml").read_text()
    lines = [line for line in study.splitlines() if "CHOOSE_A_COLUMN" not in line and "kind: auto" not in line]
    (tmp_path / "new" / "study.yaml").write_text("\n".join(lines).replace("# target:", "target:"))
    ran = hypomask("validate", tmp_path / "new" / "study.yaml")
    assert "hidden values of genes" in ran.out, ran.err


def test_a_key_in_the_wrong_section_is_told_where_it_belongs(hypomask: Run, folder: Path) -> None:
    study = folder / "moved.yaml"
    study.write_text((folder / "study.yaml").read_text() + "\nmin_coverage: 0.2\n")
    assert "unknown key 'min_coverage' in a study. It belongs under 'plan'." in hypomask("validate", study).err


def test_init_quotes_names_that_yaml_would_misread(hypomask: Run, tmp_path: Path) -> None:
    rows = ["id\tx: y #1\tnote", *(f"s{i}\t{i % 2}\tn" for i in range(8))]
    (tmp_path / "samples.tsv").write_text("\n".join(rows))
    (tmp_path / "x.tsv").write_text("\n".join(["id\tNO\t1E5\tON\tSEPT7", *(f"s{i}\t1\t2\t3\t{i}" for i in range(8))]))
    out = tmp_path / "new"
    arguments = ("--data", tmp_path / "x.tsv", "--samples", tmp_path / "samples.tsv", "--phenotype", "x: y #1")
    assert hypomask("init", out, *arguments).code == 0
    assert [h.genes for h in load_hypotheses(out / "hypotheses.yaml")] == [("NO", "1E5", "ON", "SEPT7")] * 2
    from hypomask.execution.study import load_study

    assert load_study(out / "study.yaml").data.phenotype == "x: y #1"


def test_peek_sees_what_a_column_holds(tmp_path: Path) -> None:
    rows = ["id\tsex\tage\tstage\tplace", *(f"s{i}\t{'FM'[i % 2]}\t{20.5 + i}\t{'abc'[i % 3]}\tx" for i in range(9))]
    (tmp_path / "t.tsv").write_text("\n".join(rows))
    table = peek(tmp_path / "t.tsv")
    assert [table.kind(name) for name in table.header[1:]] == ["binary", "number", "classes", "constant"]
    assert table.genes(["age", "nothing"]) == ("sex", "age", "stage", "place")
    assert table.genes(["s3"]) == tuple(f"s{i}" for i in range(9))


# validate


def test_validate_reports_coverage_against_data(hypomask: Run, folder: Path) -> None:
    document = folder / "hypotheses.yaml"
    document.write_text(document.read_text().replace("C -> D", "C -> D, D -> TP53"))
    ran = hypomask("validate", document, "--data", folder / "expression.tsv")
    assert ran.code == 0
    assert "cascade: 5 genes, 4 edges; 4 genes (80%) and 3 edges in the data" in ran.out
    assert "TP53" in ran.out


def test_validate_shows_the_problems_of_all_files_and_what_was_fine(hypomask: Run, folder: Path) -> None:
    (folder / "bad.yaml").write_text("hypomask: 1\nhypotheses: []\n")
    (folder / "worse.gmt").write_text("")
    ran = hypomask("validate", folder / "hypotheses.yaml", folder / "bad.yaml", folder / "worse.gmt")
    assert ran.code == 3
    assert "hypotheses.yaml: ok" in ran.out
    assert "bad.yaml" in ran.err
    assert "worse.gmt" in ran.err


def test_validate_shows_problems_of_hypotheses_and_of_data_together(hypomask: Run, folder: Path) -> None:
    (folder / "hypotheses.yaml").write_text("hypomask: 1\nname: x\nedges: [A ? B]\n")
    (folder / "samples.tsv").write_text("")
    ran = hypomask("validate", folder / "study.yaml")
    assert ran.code == 3
    assert "hypotheses.yaml:3" in ran.err
    assert "samples.tsv" in ran.err


def test_validate_as_json_is_for_programs(hypomask: Run, folder: Path) -> None:
    (folder / "bad.yaml").write_text("hypomask: 1\nhypotheses: []\n")
    ran = hypomask("validate", folder / "study.yaml", folder / "bad.yaml", "--json")
    content = json.loads(ran.out)
    assert ran.code == 3
    assert content["valid"] is False
    assert [(file["kind"], file["valid"]) for file in content["files"]] == [("study", True), ("hypotheses", False)]
    assert content["files"][1]["problems"]


# inspect


def test_inspect_shows_degrees_coverage_and_shared_edges(hypomask: Run, folder: Path) -> None:
    ran = hypomask("inspect", folder / "hypotheses.yaml", "--data", folder / "expression.tsv", "--json")
    content = json.loads(ran.out)
    cascade, hub = content["hypotheses"]
    assert (cascade["coverage"]["genes_found"], cascade["coverage"]["n_tokens"]) == (4, 5)
    assert hub["hubs"][0] == {"gene": "A", "read_by": 3}
    assert hub["mask"]["reads"] == [0, 0, 1, 1, 1]
    (overlap,) = content["overlaps"]
    assert (overlap["shared"], overlap["jaccard"]) == (1, pytest.approx(0.2))


def test_inspect_in_words_says_the_same(hypomask: Run, folder: Path) -> None:
    ran = hypomask("inspect", folder / "hypotheses.yaml")
    assert ran.code == 0
    assert "hubs     A (3)" in ran.out
    assert "0.20  cascade / hub: 1 in both" in ran.out


def test_inspect_warns_of_the_same_hypothesis_twice(hypomask: Run, folder: Path) -> None:
    (folder / "twin.yaml").write_text("hypomask: 1\nname: twin\nedges: [A -> B, B -> C, C -> D]\n")
    ran = hypomask("inspect", folder / "hypotheses.yaml", folder / "twin.yaml", folder / "hypotheses.yaml")
    assert "2 hypotheses are called 'cascade'" in ran.out
    assert "nothing can tell them apart" in ran.out


# simulate


def test_simulate_writes_a_cohort_that_a_study_can_read(hypomask: Run, folder: Path) -> None:
    out = folder / "sim"
    arguments = ("--samples", "80", "--plant", "hub", "--extra-genes", "3", "--seed", "5", "--out", out, "--json")
    ran = hypomask("simulate", folder / "hypotheses.yaml", *arguments)
    content = json.loads(ran.out)
    assert content["planted"] == "hub"
    assert content["genes"] == 7
    assert content["loss"]["best_possible"] < content["loss"]["additive"] < content["loss"]["gene_free"]
    truth = [line.split("\t")[:2] for line in (out / "truth.tsv").read_text().splitlines()[1:]]
    assert truth == [["A", "B"], ["A", "C"], ["A", "D"]]
    ran = hypomask("init", folder / "s", "--data", out / "expression.tsv.gz", "--samples", out / "samples.tsv")
    assert hypomask("validate", folder / "s" / "study.yaml").code == 0


def test_simulate_names_the_hypotheses_there_are(hypomask: Run, folder: Path) -> None:
    ran = hypomask("simulate", folder / "hypotheses.yaml", "--plant", "hob", "--out", folder / "sim")
    assert ran.code == 3
    assert "Did you mean 'hub'?" in ran.err
    assert not (folder / "sim").exists()


def test_the_same_seed_gives_the_same_files(hypomask: Run, folder: Path) -> None:
    for name in ("one", "two"):
        hypomask("simulate", folder / "hypotheses.yaml", "--samples", 40, "--seed", 9, "--out", folder / name)
    for file in ("expression.tsv.gz", "samples.tsv", "truth.tsv"):
        assert (folder / "one" / file).read_bytes() == (folder / "two" / file).read_bytes()


# schema, doctor, shipped files


@pytest.mark.parametrize("what", ["hypothesis", "study"])
def test_schemas_are_schemas(what: str, hypomask: Run) -> None:
    ran = hypomask("schema", what)
    jsonschema.Draft202012Validator.check_schema(json.loads(ran.out))


def test_doctor_ends_in_ok(hypomask: Run, tmp_path: Path) -> None:
    ran = hypomask("doctor", "--out", tmp_path / "not" / "there" / "yet")
    assert ran.code == 0, ran.out
    assert "torch" in ran.out
    assert "tokens" in ran.out
    assert ran.out.splitlines()[-1].startswith("ok")
    assert list(tmp_path.iterdir()) == []


def test_doctor_names_what_to_mend(hypomask: Run) -> None:
    ran = hypomask("doctor", "--device", "abacus", "--json")
    assert ran.code == 5
    assert "to mend: device" in ran.err
    content = json.loads(ran.out)
    assert content["ok"] is False
    assert any(finding["mend"] for finding in content["findings"] if finding["state"] == "fix")


def test_shipped_hypotheses_are_found_and_a_missing_one_is_named() -> None:
    assert shipped_hypotheses("p53_damage_response.yaml").is_file()
    with pytest.raises(RunError, match=r"nothing\.yaml is not in this installation"):
        shipped_hypotheses("nothing.yaml")
