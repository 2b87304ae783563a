"""Work in a thread that reports by a callback, as a generator of its reports."""

import queue
import threading
from collections.abc import Callable, Generator
from typing import TypeVar

Reported = TypeVar("Reported")
Result = TypeVar("Result")


def yield_reports(work: Callable[[Callable[[Reported], None]], Result]) -> Generator[Reported, None, Result]:
    """Run `work` in a thread, yield each of its reports, return its result; raise here what it raises."""
    reports: queue.SimpleQueue[tuple[Reported] | None] = queue.SimpleQueue()
    result: list[Result] = []
    raised: list[BaseException] = []

    def run() -> None:
        try:
            result.append(work(lambda each: reports.put((each,))))
        except BaseException as error:
            raised.append(error)
        finally:
            reports.put(None)

    thread = threading.Thread(target=run, name="preparing", daemon=True)
    thread.start()
    while (each := reports.get()) is not None:
        yield each[0]
    thread.join()
    if raised:
        raise raised[0]
    return result[0]
