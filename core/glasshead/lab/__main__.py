"""`python -m glasshead.lab`: compute the results that ship with the program, of the experiments that train.

Each experiment runs at its full size, with one thread, and is written to results/NAME.json. Names on the command line
select some of them.
"""

import platform
import sys
import time
from pathlib import Path

from glasshead.lab import all_pages, page_of
from glasshead.lab.page import Page
from glasshead.lab.record import dumps

FOLDER = Path(__file__).parent / "results"
MODEL = "english-french"


def make(of: Page, folder: Path = FOLDER) -> Path:
    """Run one experiment at its full size, save the result and return its file."""
    import torch

    from glasshead.found import load

    torch.set_num_threads(1)
    given = {"subject": load(MODEL)} if of.model else {}
    values = of.values("full")
    started = time.perf_counter()
    result = of.run(**values, **given)
    seconds = time.perf_counter() - started
    where = f"torch {torch.__version__.split('+')[0]}, 1 thread, {platform.machine()}"
    file = folder / f"{of.name}.json"
    part = file.with_suffix(".part")
    part.write_text(dumps(of, values, seconds, where, result), encoding="utf-8")
    part.replace(file)
    return file


def main(names: list[str]) -> None:
    """Compute the named results, or all."""
    for of in map(page_of, names) if names else all_pages():
        if of.trained:
            print(f"{of.name} …", flush=True)
            print(f"{make(of)}: {of.title}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
