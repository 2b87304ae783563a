"""The settings of oneDNN before torch starts."""

import os
import subprocess
import sys

import pytest

from glasshead.training.fast.memory import CAPACITIES, spare


def test_it_is_told_unless_the_person_has_told_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in CAPACITIES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LRU_CACHE_CAPACITY", "7")
    spare()
    assert os.environ["ONEDNN_PRIMITIVE_CACHE_CAPACITY"] == "128" and os.environ["LRU_CACHE_CAPACITY"] == "7"


def test_telling_it_costs_no_torch() -> None:
    program = "import sys, glasshead.training.fast.memory as memory; memory.spare(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
