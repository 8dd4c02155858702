"""Seeds are functions of their parts."""

from __future__ import annotations

import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from hypomask.data.seeds import derive_seed

PARTS = st.lists(st.one_of(st.text(max_size=5), st.integers(-9, 9)), max_size=4)


@given(PARTS, PARTS)
def test_different_parts_give_different_seeds(first: list[str | int], second: list[str | int]) -> None:
    same_seed = derive_seed(*first) == derive_seed(*second)
    same_parts = [(type(p), p) for p in first] == [(type(p), p) for p in second]
    assert same_seed == same_parts


@given(PARTS)
def test_a_seed_fits_in_63_bits(parts: list[str | int]) -> None:
    assert 0 <= derive_seed(*parts) < 2**63


def test_a_seed_is_the_same_in_another_process() -> None:
    code = "from hypomask.data.seeds import derive_seed; print(derive_seed(1, 'truth', 2))"
    there = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(there.stdout) == derive_seed(1, "truth", 2) == 2082276139739413375
