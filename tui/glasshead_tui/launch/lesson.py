"""From the shell to the course of the lab, or its standing as text."""

from glasshead.errors import GlassheadError
from glasshead.found import find
from glasshead_tui.terminal.complain import complain
from glasshead_tui.terminal.tty import terminal


def lesson(name: str | None, *, checkpoint: str, restart: bool, mouse: bool, plain: bool, as_json: bool) -> int:
    """Open the lab at the user's place in the course, or at `name`; without a terminal, print the place.

    Raises GlassheadError for an unknown experiment or checkpoint. A place that cannot be saved is only mentioned.
    """
    from dataclasses import replace

    from glasshead.lab import page_of
    from glasshead_tui.state import course

    at = None if name is None else page_of(name).name
    written = plain or as_json or not terminal()
    if not written:  # the request is valid before anything is forgotten
        found = find(checkpoint)
        found.check()
    if restart:
        course.forget()
    place = course.read() if at is None else replace(course.read(), at=at)
    notice = ""
    if at is not None or not written:
        try:
            course.write(place)
        except GlassheadError as error:  # the lesson is there all the same
            notice = str(error)
    if written:
        if notice:
            complain(notice)
        from glasshead_tui.plain.course import print_course

        print_course(place, as_json=as_json)
        return 0

    from glasshead_tui.app import GlassheadApp

    app = GlassheadApp(found, lab=place.at, lesson=True, notice=notice)
    app.run(mouse=mouse)
    return app.return_code or 0
