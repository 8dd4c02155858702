from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from hypomask.errors import ConfigError, HypomaskError, HypothesisError
from hypomask.hypothesis.located_yaml import (
    LocatedMapping,
    LocatedScalar,
    LocatedSequence,
    load_yaml,
    parse_yaml,
)


@pytest.fixture(params=["CSafeLoader", "SafeLoader"], autouse=True, scope="module")
def _each_loader(request: pytest.FixtureRequest) -> Iterator[None]:
    """Everything holds with libyaml and without it."""
    loader = getattr(yaml, request.param, None)
    if loader is None:
        pytest.skip("PyYAML was built without libyaml")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hypomask.hypothesis.located_yaml._LOADER", loader)
        yield


def test_scalars_stay_text() -> None:
    root = parse_yaml("[NO, ON, 1E5, SEPT7, null, 007, ~, 0x1F, 12:30:45, 2024-01-02, .inf, =]", "t.yaml")
    assert isinstance(root, LocatedSequence)
    texts = [item.text for item in root.items if isinstance(item, LocatedScalar)]
    assert texts == ["NO", "ON", "1E5", "SEPT7", "null", "007", "~", "0x1F", "12:30:45", "2024-01-02", ".inf", "="]


def test_nodes_know_their_lines() -> None:
    root = parse_yaml("# comment\na: 1\nb:\n  - x\n  - {y: z}\n", "t.yaml")
    assert isinstance(root, LocatedMapping)
    items = root.entries["b"]
    assert isinstance(items, LocatedSequence)
    assert (root.line, root.entries["a"].line, root.key_lines["b"], items.line) == (2, 2, 3, 4)
    assert [item.line for item in items.items] == [4, 5]
    assert items.items[1].file == "t.yaml"


def test_quoted_and_plain_empty_values_differ() -> None:
    root = parse_yaml("a:\nb: ''\n", "t.yaml")
    assert isinstance(root, LocatedMapping)
    a, b = root.entries["a"], root.entries["b"]
    assert isinstance(a, LocatedScalar)
    assert isinstance(b, LocatedScalar)
    assert (a.text, a.plain, b.text, b.plain) == ("", True, "", False)


def test_every_duplicate_key_and_tag_is_named_at_once() -> None:
    text = "a: 1\na: 2\nb: !!python/object:os.system x\nc: {d: 1, d: 2}\n<<: {e: 1}\n? [x]\n: y\n"
    with pytest.raises(HypothesisError) as caught:
        parse_yaml(text, "t.yaml")
    assert str(caught.value).splitlines() == [
        "t.yaml:2: key 'a' is given twice (first on line 1); keep one",
        "t.yaml:3: tag 'tag:yaml.org,2002:python/object:os.system' is not allowed; every value is plain text",
        "t.yaml:4: key 'd' is given twice (first on line 4); keep one",
        "t.yaml:5: merge key '<<' is not supported; write the fields out",
        "t.yaml:6: a key must be a plain text, not a list or mapping",
    ]


def bomb(levels: int) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, levels)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: b: c", r"t.yaml:1: is not valid YAML: mapping values are not allowed"),
        ("a: [1, 2\nb: 3\n", "t.yaml:2: is not valid YAML"),
        ("a:\n\t- b\n", "t.yaml:2: is indented with a tab"),
        ("a:\n  b: 1\n\tc: 1\n", "t.yaml:3: is indented with a tab"),
        ("a: 1\n--- \nb: 2\n", "t.yaml:2: a second document begins here"),
        ("", "t.yaml: is empty"),
        ("# nothing\n", "t.yaml: is empty"),
        ("a: *b\n", r"t.yaml:1: alias '\*b' has no anchor"),
        ("a: &a [*a]\n", r"t.yaml:1: alias '\*a' stands inside what it names"),
        (bomb(20), "aliases expand to more than 1,000,000 nodes"),
        ("a: \x07\n", r"t.yaml:1: contains the control character U\+0007"),
        ('a: "\\UFFFFFFFF"\n', "is not valid YAML"),
        ("[" * 100_000, "t.yaml:1: is nested more than 50 levels deep"),
        ("- " * 3_000 + "x", "t.yaml:1: is nested more than 50 levels deep"),
        ("{a: " * 3_000, "t.yaml:1: is nested more than 50 levels deep"),
        ("@a", "t.yaml:1: is not valid YAML"),
    ],
)
def test_what_yaml_must_not_do_is_refused(text: str, message: str) -> None:
    with pytest.raises(HypothesisError, match=message) as caught:
        parse_yaml(text, "t.yaml")
    assert len(str(caught.value).splitlines()) == 1


def test_a_few_aliases_are_fine() -> None:
    root = parse_yaml("a: &genes [TP53, MDM2]\nb: *genes\n", "t.yaml")
    assert isinstance(root, LocatedMapping)
    assert root.entries["a"] == root.entries["b"]


def test_study_files_raise_their_own_error(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text("a: 1\na: 2\n")
    with pytest.raises(ConfigError, match=r"study.yaml:2: key 'a' is given twice"):
        load_yaml(path, error=ConfigError)
    with pytest.raises(ConfigError, match="no such file"):
        load_yaml(tmp_path / "none.yaml", error=ConfigError)


def test_a_byte_order_mark_is_fine(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert isinstance(load_yaml(path), LocatedMapping)


@given(st.text(alphabet=st.sampled_from(list("ab:-[]{}&*!|>'\"#%@`,? \n\t\\0~<=")), max_size=60))
def test_any_text_parses_or_is_refused_by_name(text: str) -> None:
    message = "t.yaml"
    try:
        parse_yaml(text, "t.yaml")
    except HypomaskError as fault:
        message = str(fault)
    assert message.startswith("t.yaml")
