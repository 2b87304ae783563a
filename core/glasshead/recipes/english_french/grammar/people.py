"""People as pronouns or names."""

from __future__ import annotations

from .. import lexicon as lex
from ..clause import HE, HER, HIM, I_SUBJECT, ME, SHE, THEM, THEY, US, WE, YOU, YOU_OBJECT, NounPhrase

SUBJECT_PRONOUNS = (I_SUBJECT, YOU, HE, SHE, WE, THEY)
OBJECT_PRONOUNS = (ME, YOU_OBJECT, HIM, HER, US, THEM)
OBJECT_OF = {
    id(I_SUBJECT): (YOU_OBJECT, HIM, HER, THEM),
    id(YOU): (ME, HIM, HER, US, THEM),
    id(WE): (YOU_OBJECT, HIM, HER, THEM),
}
NAMES = [NounPhrase(name, name) for name in lex.MEN] + [NounPhrase(name, name, feminine=True) for name in lex.WOMEN]
