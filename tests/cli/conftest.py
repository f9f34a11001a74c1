"""Each of these tests runs in an empty folder of its own, with an empty cache."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(folder: Path, cache_folder: Path) -> None:
    """See tests/conftest.py."""
