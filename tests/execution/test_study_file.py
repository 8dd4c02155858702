"""Study files: read, written, described by a schema, and every fault named with its line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from hypomask.errors import ConfigError
from hypomask.execution.study import (
    HypothesisSource,
    dump_study,
    load_study,
    study_as_dict,
    study_from_options,
    study_schema,
)

FULL = """\
hypomask: 1
name: NO
data:
  channels:
    expression: data/expression.tsv.gz
    1E5: data/mutation.tsv
  samples: samples.tsv
  key: line
  id: source
  phenotype: {column: ON, kind: binary, positive: no}
  covariates: [age, sex]
  groups: line
  orientation: genes-in-rows
  exclude: [length]
  drop_missing_phenotype: yes
hypotheses:
  - rivals.yaml
  - {file: sets.gmt, only: [A, "12"], expansion: star, scope: members}
scope: members
model: {width: 32, heads: 4, layers: 2, dropout: 0.1}
training: {replicates: 3, learning_rate: 0.001}
plan: {folds: 4, nulls: 39, nulls_for: all, unconstrained: no, seed: 7}
comparison: {alpha: 0.01, null_stop_after: null}
"""
SMALLEST = "hypomask: 1\ndata: {channels: x.tsv, phenotype: y}\nhypotheses: h.yaml\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "study.yaml"
    path.write_text(text)
    return path


def test_every_field_is_read_as_it_is_written(tmp_path: Path) -> None:
    study = load_study(written(tmp_path, FULL))
    assert study.name == "NO"
    assert study.data.channels == {
        "expression": tmp_path / "data/expression.tsv.gz",
        "1E5": tmp_path / "data/mutation.tsv",
    }
    assert (study.data.phenotype, study.data.kind, study.data.positive) == ("ON", "binary", "no")
    assert (study.data.key_column, study.data.id_column, study.data.groups) == ("line", "source", "line")
    assert study.data.covariates == ("age", "sex")
    assert study.data.exclude == ("length",)
    assert study.data.drop_missing_phenotype
    assert study.hypotheses == (
        HypothesisSource(tmp_path / "rivals.yaml"),
        HypothesisSource(tmp_path / "sets.gmt", "members", "star", ("A", "12")),
    )
    assert (study.model.width, study.model.heads, study.model.dropout) == (32, 4, 0.1)
    assert (study.training.replicates, study.training.learning_rate) == (3, 0.001)
    assert (study.plan.folds, study.plan.repeats, study.plan.nulls_for) == (4, 3, "all")
    assert not study.plan.unconstrained
    assert study.comparison.null_stop_after is None


def test_the_smallest_study_has_a_name_and_defaults(tmp_path: Path) -> None:
    study = load_study(written(tmp_path, SMALLEST))
    assert study.name == "study"
    assert list(study.data.channels.values()) == [tmp_path / "x.tsv"]
    assert study.scope is None


@pytest.mark.parametrize("text", [FULL, SMALLEST])
def test_a_written_study_reads_as_the_same_study(tmp_path: Path, text: str) -> None:
    study = load_study(written(tmp_path, text))
    folder = tmp_path / "runs" / "one"
    folder.mkdir(parents=True)
    again = load_study(written(folder, dump_study(study, relative_to=folder)))
    assert study_as_dict(again) == study_as_dict(study)
    assert study_as_dict(load_study(written(folder, dump_study(study)))) == study_as_dict(study)


@pytest.mark.parametrize("text", [FULL, SMALLEST])
def test_the_schema_accepts_what_is_read(tmp_path: Path, text: str) -> None:
    schema = study_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(yaml.safe_load(text), schema)
    jsonschema.validate(yaml.safe_load(dump_study(load_study(written(tmp_path, text)))), schema)


@pytest.mark.parametrize("wrong", ["plan: {folds: five}", "modle: {}", "scope: both", "training: {epoch: 3}"])
def test_the_schema_refuses_what_is_not_read(tmp_path: Path, wrong: str) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(yaml.safe_load(f"{SMALLEST}{wrong}\n"), study_schema())
    with pytest.raises(ConfigError):
        load_study(written(tmp_path, f"{SMALLEST}{wrong}\n"))


def test_all_faults_are_shown_together_with_their_lines(tmp_path: Path) -> None:
    text = """\
hypomask: 2
data:
  chanels: {expression: x.tsv}
  samples: s.tsv
  phenotype: {column: y, kind: binry}
hypotheses:
  - {fiel: a.yaml}
scope: member
model:
  heads: x
training: {epoch: 3}
plan:
  folds: 1
comparison:
  alpha: 2
nuls: 3
"""
    with pytest.raises(ConfigError) as caught:
        load_study(written(tmp_path, text))
    lines = str(caught.value).splitlines()
    for line, part in [
        (1, "format version is '2', expected '1'"),
        (3, "unknown key 'chanels' in 'data'. Did you mean 'channels'?"),
        (3, "'data' needs 'channels'"),
        (5, "Did you mean 'binary'?"),
        (7, "unknown key 'fiel' in a hypothesis source. Did you mean 'file'?"),
        (8, "Did you mean 'members'?"),
        (10, "'heads' must be a whole number, got 'x'"),
        (11, "Did you mean 'epochs'?"),
        (13, "plan.folds: got 1, expected a whole number from 2 to 100"),
        (15, "comparison.alpha: got 2.0"),
        (16, "unknown key 'nuls' in a study."),
    ]:
        assert any(f"study.yaml:{line}: " in shown and part in shown for shown in lines), (line, part, lines)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("just a text", "a study must be a mapping"),
        ("hypomask: 1\n", "a study needs 'data'"),
        ("<!DOCTYPE html><html></html>", "HTML page"),
        (SMALLEST + "plan: [1, 2]\n", "'plan' must be a mapping"),
        (SMALLEST.replace("h.yaml", "[]"), "no hypothesis is named"),
        (SMALLEST.replace("x.tsv", "{}"), "no channel"),
        (SMALLEST.replace("x.tsv", "{a: x.tsv, b: y.tsv}"), "several channel tables need a samples table"),
        (SMALLEST.replace("x.tsv", "{a: [x.tsv]}"), "channel 'a' needs the path of a file"),
        (SMALLEST + "plan: {nulls: 1}\n", "plan.nulls: got 1"),
        (SMALLEST + "plan: {null_repeats: 4}\n", "plan.null_repeats: got 4"),
        (SMALLEST + "plan: {seed: -1}\n", "plan.seed: got -1"),
        (SMALLEST + "plan: {seed: 1.5}\n", "'seed' must be a whole number"),
        (SMALLEST + "plan: {min_coverage: 50}\n", "plan.min_coverage: got 50"),
    ],
)
def test_a_wrong_study_is_a_config_error_with_the_file_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_study(written(tmp_path, text))
    assert message in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path / "study.yaml"))


def test_a_study_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    written(tmp_path, SMALLEST)
    with pytest.raises(ConfigError, match=r"no such file. Did you mean 'study.yaml'"):
        load_study(tmp_path / "stdy.yaml")


def test_options_give_the_study_that_a_file_gives(tmp_path: Path) -> None:
    options = {
        "name": "NO",
        "data": {
            "channels": {"expression": "x.tsv"},
            "samples": "s.tsv",
            "phenotype": {"column": "y", "positive": None},
            "groups": None,
            "drop_missing_phenotype": True,
        },
        "hypotheses": ["h.yaml", {"file": "g.gmt", "only": ["A"]}],
        "plan": {"folds": 3, "unconstrained": False, "seed": None},
        "training": {"learning_rate": 1e-05},
        "comparison": None,
    }
    text = """\
hypomask: 1
name: NO
data:
  channels: {expression: x.tsv}
  samples: s.tsv
  phenotype: y
  drop_missing_phenotype: true
hypotheses: [h.yaml, {file: g.gmt, only: A}]
plan: {folds: 3, unconstrained: false}
training: {learning_rate: 0.00001}
"""
    from_options = study_from_options(options, folder=tmp_path)
    assert study_as_dict(from_options) == study_as_dict(load_study(written(tmp_path, text)))
    assert from_options.file is None


def test_faults_of_options_do_not_pretend_to_have_a_line() -> None:
    with pytest.raises(ConfigError) as caught:
        study_from_options({"data": {"channels": "x.tsv", "phenotype": "y"}, "hypotheses": [], "plan": {"folds": 1}})
    assert sorted(str(caught.value).splitlines()) == [
        "no hypothesis is named; list at least one file",
        "plan.folds: got 1, expected a whole number from 2 to 100",
    ]


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1).map(str.strip).filter(bool))
def test_any_name_survives_writing_and_reading(name: str) -> None:
    options = {"name": name, "data": {"channels": {name: "x.tsv"}, "phenotype": name}, "hypotheses": ["h.yaml"]}
    study = study_from_options(options, folder=Path("/nowhere"))
    from hypomask.execution.study_reading import read_study
    from hypomask.hypothesis.located_yaml import parse_yaml

    root = parse_yaml(dump_study(study), "study.yaml", error=ConfigError)
    again = read_study(root, folder=Path("/nowhere"), default_name="", file=None)
    assert (again.name, again.data.phenotype, list(again.data.channels)) == (name, name, [name])


def test_importing_studies_loads_nothing_heavy() -> None:
    program = (
        "import sys, hypomask.execution.study; print([m for m in ('torch', 'pandas', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
