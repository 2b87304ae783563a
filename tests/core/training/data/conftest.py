"""A small file of pairs."""

from pathlib import Path

import pytest
from tests.core.training.data.corpora import numbers, tsv


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    return tsv(tmp_path / "plain.tsv", numbers(200))
