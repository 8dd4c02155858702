"""Time to an event and counts in study files: read, written, described by the schema, refused where they are wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from hypomask.errors import ConfigError
from hypomask.execution.study import dump_study, load_study, study_as_dict, study_from_options, study_schema


def written(folder: Path, phenotype: str) -> Path:
    path = folder / "study.yaml"
    lines = ["hypomask: 1", "data:", "  channels: x.tsv", "  samples: s.tsv", f"  phenotype: {phenotype}"]
    path.write_text("\n".join([*lines, "hypotheses: h.yaml", ""]))
    return path


GOOD = [
    ("{column: months, event: died}", ("months", "auto", "died", None)),
    ("{column: months, event: died, positive: no}", ("months", "auto", "died", "no")),
    ("{column: months, kind: survival, event: died}", ("months", "survival", "died", None)),
    ("{column: visit, kind: discrete-survival, event: relapse}", ("visit", "discrete-survival", "relapse", None)),
    ("{column: seizures, kind: counts}", ("seizures", "counts", None, None)),
    ("{column: 2024, event: 1}", ("2024", "auto", "1", None)),
]


@pytest.mark.parametrize(("phenotype", "expected"), GOOD)
def test_a_study_is_read_written_and_allowed_by_the_schema(
    tmp_path: Path, phenotype: str, expected: tuple[Any, ...]
) -> None:
    path = written(tmp_path, phenotype)
    study = load_study(path)
    assert study.data is not None
    assert (study.data.phenotype, study.data.kind, study.data.event, study.data.positive) == expected
    jsonschema.validate(yaml.safe_load(path.read_text()), study_schema())
    before = study_as_dict(study)
    path.write_text(dump_study(study, relative_to=tmp_path))
    jsonschema.validate(yaml.safe_load(path.read_text()), study_schema())
    again = load_study(path)
    assert study_as_dict(again) == before
    assert again.data == study.data


def test_options_give_the_study_that_a_file_gives(tmp_path: Path) -> None:
    phenotype = {"column": "months", "event": "died", "kind": None, "positive": None}
    data = {"channels": "x.tsv", "samples": "s.tsv", "phenotype": phenotype}
    study = study_from_options({"name": "study", "data": data, "hypotheses": ["h.yaml"]}, folder=tmp_path)
    from_file = load_study(written(tmp_path, "{column: months, event: died}"))
    assert study.data == from_file.data


@pytest.mark.parametrize(
    ("phenotype", "says"),
    [
        ("{column: months, kind: survival}", "study.yaml:3: data: kind survival needs 'event'"),
        ("{column: months, kind: discrete-survival}", "kind discrete-survival needs 'event', the column that says"),
        ("{column: n, kind: counts, event: died}", "'event' is for kind survival or discrete-survival, and kind is co"),
        ("{column: months, kind: survivl, event: died}", "study.yaml:5"),
        ("{column: months, events: died}", "Did you mean 'event'?"),
        ("{column: months, event: months}", "'months' is the time and the event"),
        ("{kind: counts}", "column"),
    ],
)
def test_a_phenotype_that_does_not_fit_together_is_refused_with_its_line(
    tmp_path: Path, phenotype: str, says: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load_study(written(tmp_path, phenotype))
    assert says in str(caught.value)
    assert "study.yaml:" in str(caught.value)


@pytest.mark.parametrize("phenotype", ["{column: months, kind: survivl}", "{column: n, evnt: died}"])
def test_the_schema_refuses_what_reading_refuses(tmp_path: Path, phenotype: str) -> None:
    content = yaml.safe_load(written(tmp_path, phenotype).read_text())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(content, study_schema())
