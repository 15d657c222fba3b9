import math

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from hitl_platform.kernel.canonical import canonical

keys = st.text(st.characters(max_codepoint=127), max_size=8)
scalars = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=20)
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4))


@given(values)
def test_the_same_bytes_as_an_independent_implementation_of_rfc_8785(value: object) -> None:
    assert canonical(value) == rfc8785.dumps(value)  # type: ignore[arg-type]  # what hypothesis makes is JSON


@pytest.mark.parametrize(
    "value", [1.5, math.nan, 2**53, -(2**53), {"é": 1}, {1: 2}, b"bytes", {"a": {1, 2}}, "\ud800", (1,)]
)
def test_what_has_no_canonical_form_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r".+"):
        canonical(value)
