"""How often a run is saved."""

import pytest

from rnn_cli.runs.interval import Interval


@pytest.mark.parametrize(
    ("text", "interval"),
    [
        ("30s", Interval(seconds=30)),
        ("10m", Interval(seconds=600)),
        ("2h", Interval(seconds=7200)),
        ("500", Interval(steps=500)),
    ],
)
def test_an_interval_is_a_time_or_a_number_of_steps(text, interval):
    assert Interval.parse(text) == interval


@pytest.mark.parametrize(
    "text", ["", "0", "0s", "-1", "1.5h", "1e400", "nan", "10 m", "5d", "٣", "9" * 23, "s"]
)
def test_what_is_no_interval_is_refused(text, fails):
    with pytest.raises(ValueError, match="neither a time"):
        Interval.parse(text)
    assert "30s" in fails(2, "train", f"--save-every={text}")
