"""Editing: the line under other edits. What they cannot reach is shared with the line without edits, or until now."""

from glasshead.decoding.stepper import Stepper
from glasshead.edits.changes import make_changes
from glasshead.edits.ledger import NO_EDITS, Ledger, apart
from glasshead.edits.strokes import first_row
from glasshead.session.references import References


def edit_line(
    base: Stepper, ledger: Ledger, references: References, *, now: Stepper | None = None, before: Ledger = NO_EDITS
) -> Stepper:
    """Return a line under edits that stands where these begin to reach, at most as far along as the one until now.

    base: the line without edits · now: the line until now, by default `base` · before: its edits.
    Raises GlassheadError for an edit that does not fit the model; what fits a row is known when it is computed.
    """
    if not ledger.active:  # there are none, or all are switched off: the rows stay, and nothing is computed again
        return base.branch()
    references.line, anatomy = base, references.subject.anatomy
    changes = make_changes(ledger.active, anatomy, references)
    like, since = base, changes.first_row
    elsewhere = any(origin.line is not None for edit in ledger.active for origin in edit.origins)
    if now is not None and before.active and not elsewhere:  # another line may have gone on since: nothing is shared
        later = first_row(apart(before.active, ledger.active), anatomy)
        if later is not None and (since is None or later > since):
            like = now
            since = later if now.rows.lasting else 0  # rows that change as the line grows come again one by one
    if since is not None and since >= len(like.prompt.start) and like.rows.lasting:
        like.recall(min(since, len(like.ids)))  # what was forgotten comes again as it was, and is shared
    return like.edited(changes, since)
