"""JSON that may be anything, held against annotations."""

import math

import pytest

from rnn_cli.runs.json_types import check_types

HINTS = {
    "number": int,
    "rate": float,
    "name": str | None,
    "is": bool,
    "limit": float | None,
    "names": list[str],
}


@pytest.mark.parametrize(
    "said",
    [
        {"number": 0, "rate": 0.5, "name": "a", "is": True, "limit": 2.0},
        {"rate": 3, "name": None, "limit": None},
        {"names": [1, 2]},  # to be looked at by others
        {},
    ],
)
def test_what_is_of_the_types_annotated_passes(said):
    check_types(HINTS, said)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("number", value) for value in (-1, 10**400, 1.5, "1", None, True, [1])),
        *(("rate", value) for value in (-0.1, 10**400, math.nan, math.inf, "x", None, False)),
        *(("name", value) for value in (1, ["a"])),
        *(("is", value) for value in (1, None)),
        *(("limit", value) for value in (True, -1.0)),
        ("stranger", 1),
    ],
)
def test_anything_else_is_named(name, value):
    with pytest.raises(ValueError, match=f"^{name} is "):
        check_types(HINTS, {name: value})
