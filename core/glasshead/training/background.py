"""A function that tells what it does by calling back, as a generator that yields what it tells."""

import queue
import threading
from collections.abc import Callable, Generator
from typing import TypeVar

Told = TypeVar("Told")
Result = TypeVar("Result")


def telling(work: Callable[[Callable[[Told], None]], Result]) -> Generator[Told, None, Result]:
    """Run `work` in a thread, yield what it tells, return what it returns; what it raises is raised here."""
    told: queue.SimpleQueue[tuple[Told] | None] = queue.SimpleQueue()
    result: list[Result] = []
    raised: list[BaseException] = []

    def run() -> None:
        try:
            result.append(work(lambda each: told.put((each,))))
        except BaseException as error:
            raised.append(error)
        finally:
            told.put(None)

    thread = threading.Thread(target=run, name="preparing", daemon=True)
    thread.start()
    while (each := told.get()) is not None:
        yield each[0]
    thread.join()
    if raised:
        raise raised[0]
    return result[0]
