"""From the shell into the course of the lab, or its standing as text."""

from glasshead.checkpoints.find import check_parts, find
from glasshead.checkpoints.format import describe
from glasshead_tui.terminal.tty import terminal


def lesson(name: str | None, *, checkpoint: str, restart: bool, mouse: bool, plain: bool, as_json: bool) -> int:
    """Open the lab where the course was left, or at `name`; where there is no terminal, say how far it is.

    Raises GlassheadError for an experiment or a checkpoint that is none, and for a place that cannot be kept.
    """
    from dataclasses import replace

    from glasshead.lab import page_of
    from glasshead_tui.state import course

    at = None if name is None else page_of(name).name
    written = plain or as_json or not terminal()
    if not written:  # what is asked for is there, before anything is forgotten
        folder = find(checkpoint)
        check_parts(folder, describe(folder))
    if restart:
        course.forget()
    place = course.read() if at is None else replace(course.read(), at=at)
    if at is not None or not written:
        course.write(place)
    if written:
        from glasshead_tui.plain.course import tell

        tell(place, as_json=as_json)
        return 0

    from glasshead_tui.app import GlassheadApp

    app = GlassheadApp(checkpoint=checkpoint, lab=place.at, lesson=True)
    app.run(mouse=mouse)
    return app.return_code or 0
