"""The tables of keys: explorer, lab and watch, each with its hints."""

import tomllib
from pathlib import Path

from glasshead.errors import GlassheadError, nearest
from glasshead_tui.state.keys import Groups, Hint, Key, list_keys

EXPLORE: Groups = {
    "Decoding": (
        Key("step", "space", "space", "step", "take the next token"),
        Key("back", "b,backspace", "b", "back", "undo the last step; costs no run of the model"),
        Key("start", "home", "home", "start", "back to before the first step"),
        Key("end", "end", "end", "end", "decode to the end; esc stops on the way"),
        Key("goto", "colon", ":", "goto", "go to step n"),
        Key("play", "p", "p", "play", "play the steps at a pace, or pause; a breakpoint and the end stop it"),
        Key("slower", "less_than_sign", "<", "pace(-1)", "play slower: down to a step every four seconds"),
        Key("faster", "greater_than_sign", ">", "pace(1)", "play faster: up to four steps a second"),
        Key("picking", "g", "g", "picking", "how the next token is picked: greedily, drawn, or by a beam search"),
        Key("draw_again", "R", "R", "draw_again", "draw the tokens again since sampling began, with the next seed"),
        Key(
            "choose",
            "enter",
            "enter",
            "choose",
            "take another candidate: the line branches there; in a list, go to the line, switch what is marked",
        ),
        Key("sentence", "i", "i", "sentence", "type a new source sentence"),
        Key("undo", "z", "z", "undo", "undo a new sentence, another token, an edit, a try of the lab"),
    ),
    "What if": (
        Key("mute", "x", "x", "mute", "mute the head: nothing of it is added; once more brings it back"),
        Key("solo", "X", "X", "solo", "keep only this head of its layer: mute the others, or bring them back"),
        Key("average", "M", "M", "average", "put the mean of the head over the line in place of what it says"),
        Key(
            "hide_key", "H", "H", "hide_key", "hide the key under the cursor from this kind of attention, in all layers"
        ),
        Key("edit", "e", "e", "edit", "type an edit of any value: head, score, weight, mask, norm, layer"),
        Key("clear", "Z", "Z", "clear", "take all edits out of the line"),
        Key("view", "d", "d", "view", "edited, original, difference: the same tokens with the edits and without"),
        Key("pin", "T", "T", "pin", "pin the head: it stands beside any other; d shows this, that, the difference"),
        Key("compare", "C", "C", "compare", "compare with any other line: d shows this one, that one, the difference"),
    ),
    "Lists: ranking, tree, edits, breakpoints": (
        Key(
            "sibling_up",
            "K",
            "K",
            "sibling(-1)",
            "in the tree, the line before that left the same parent; ← its parent",
        ),
        Key("sibling_down", "J", "J", "sibling(1)", "the next line that left the same parent; → the first child"),
        Key("name", "equals_sign", "=", "name", "name the marked line of the tree"),
        Key("fold", "minus", "-", "fold", "fold what comes from the marked line away, or out again"),
        Key("remove", "delete,D", "del D", "remove", "delete the marked line; take the marked edit or breakpoint out"),
        Key("add", "plus", "+", "add", "add a breakpoint: steps stop where the entropy, a token or a weight says so"),
    ),
    "What is looked at": (
        Key(
            "left",
            "left,h",
            "← h",
            "move('left')",
            "cursor to the key on the left; the parent in the tree, the measure before in the ranking",
        ),
        Key("down", "down,j", "↓ j", "move('down')", "cursor to the query below; in a list, the row below"),
        Key("up", "up,k", "↑ k", "move('up')", "cursor to the query above; in a list, the row above"),
        Key(
            "right",
            "right,l",
            "→ l",
            "move('right')",
            "cursor to the key on the right; the child in the tree, the next measure in the ranking, each edit alone",
        ),
        Key("page_up", "pageup", "pgup", "move('page_up')", "ten queries up"),
        Key("page_down", "pagedown", "pgdn", "move('page_down')", "ten queries down"),
        Key("layer_down", "left_square_bracket", "[", "layer(-1)", "the layer below"),
        Key("layer_up", "right_square_bracket", "]", "layer(1)", "the layer above"),
        Key("head_down", "left_parenthesis,comma", "( ,", "head(-1)", "the head before"),
        Key("head_up", "right_parenthesis,full_stop", ") .", "head(1)", "the head after"),
        Key(
            "kind", "t", "t", "kind", "encoder self-attention, masked decoder self-attention, encoder–decoder attention"
        ),
        Key("shift", "I", "I", "shift", "name the rows of encoder–decoder attention by the words they chose, or read"),
        Key("stage", "s", "s", "stage", "scores, masked (−∞ where one may not look), weights"),
        Key(
            "find",
            "slash",
            "/",
            "find",
            "find a word, of source or target; in the ranking, keep the heads with a name like it",
        ),
        Key("find_next", "n", "n", "find_again(1)", "the next word that was looked for"),
        Key("find_last", "N", "N", "find_again(-1)", "the one before"),
    ),
    "The screen": (
        Key("next_pane", "tab", "tab", "pane(1)", "the next pane; where they take turns, show it"),
        Key("last_pane", "shift+tab", "shift+tab", "pane(-1)", "the pane before"),
        Key("map", "m", "m", "show('map')", "the map: in it the arrows choose layer and head"),
        Key(
            "ranking",
            "r",
            "r",
            "show('ranking')",
            "all heads by what they do here, or by what is lost without each, in the map's place",
        ),
        Key("attention", "a", "a", "show('attention')", "the attention matrix"),
        Key("sum", "u", "u", "show('sum')", "the chosen cell, from q·k to its weight"),
        Key("vectors", "v", "v", "show('vectors')", "the vectors q, k and v of the chosen cell"),
        Key("heads", "c", "c", "show('heads')", "the chosen cell and its row in all heads of this kind"),
        Key("alignment", "A", "A", "show('alignment')", "which source word each target word looks at, as sentences"),
        Key("norms", "o", "o", "show('norms')", "every LayerNorm of the chosen token"),
        Key(
            "stream",
            "S",
            "S",
            "show('stream')",
            "the residual stream, logit lens, what adds to a logit; again: best − this",
        ),
        Key("logits", "V", "V", "show('logits')", "the whole distribution of the row, and the probability of the line"),
        Key("feed-forward", "F", "F", "show('feed-forward')", "the strongest units of the layer, and what each writes"),
        Key("positions", "P", "P", "show('positions')", "the positions, and what they add to the token"),
        Key(
            "tree",
            "B",
            "B",
            "show('tree')",
            "the tree of lines: every text, token and edit that you took; enter goes to one",
        ),
        Key("edits", "E", "E", "show('edits')", "the edits of the line: enter switches one off or on"),
        Key("breakpoints", "U", "U", "show('breakpoints')", "the breakpoints, at which steps, playing and end stop"),
        Key("enlarge", "f", "f", "enlarge", "the active pane alone, or all of them again"),
        Key("models", "O", "O", "models", "another model, in place of this one (enter) or beside it (b)"),
        Key("lab", "L", "L", "lab", "the lab: ten claims of the paper as experiments, to foresee and to measure"),
        Key("save", "w", "w", "save", "write the line to a file: a recording, which opens without the model"),
        Key("copy_script", "y", "y", "copy_script", "copy a Python script that comes to this line, step and edits"),
        Key("copy_test", "Y", "Y", "copy_test", "copy a pytest that asserts the numbers of this head"),
        Key("stop", "escape", "esc", "stop", "stop decoding; forget a count; put a notice away"),
        Key("help", "question_mark,f1", "?", "help", "all keys and glyphs"),
        Key("palette", "ctrl+p", "ctrl+p", "palette", "every command by name"),
        Key("suspend", "ctrl+z", "ctrl+z", "app.suspend_process", "back to the shell for a while; `fg` returns here"),
        Key("paint_again", "ctrl+l", "ctrl+l", "app.paint_again", "draw the screen again, if something wrote over it"),
        Key("quit", "q,ctrl+q", "q", "quit", "leave"),
    ),
}


_SHARED = {key.id: key for group in EXPLORE.values() for key in group}


WATCH: Groups = {
    "Through the training": (
        Key("earlier", "left", "←", "time(-1)", "the stop before: a stop is a step whose attention was kept"),
        Key("later", "right", "→", "time(1)", "the next stop"),
        Key("much_earlier", "pageup", "pgup", "time(-10)", "ten stops back"),
        Key("much_later", "pagedown", "pgdn", "time(10)", "ten stops on"),
        Key("first", "home", "home", "first", "the first stop"),
        Key("newest", "end", "end", "newest", "the newest stop, and every newer one as it comes"),
        Key("play", "space", "space", "play", "run through the training from here, or pause"),
        _SHARED["goto"],
        Key("zoom", "z", "z", "zoom", "curves of all steps, of the newest half, of the newest tenth"),
    ),
    "What is looked at": (
        Key("sentence_up", "up,p", "↑ p", "sentence(-1)", "the sentence before"),
        Key("sentence_down", "down,n", "↓ n", "sentence(1)", "the next sentence"),
        Key("cell_left", "h", "h", "move('left')", "cursor to the key on the left; in the map, the head before"),
        Key("cell_down", "j", "j", "move('down')", "cursor to the query below; in the map, the layer below it"),
        Key("cell_up", "k", "k", "move('up')", "cursor to the query above; in the map, the layer above it"),
        Key("cell_right", "l", "l", "move('right')", "cursor to the key on the right; in the map, the next head"),
        *(_SHARED[name] for name in ("layer_down", "layer_up", "head_down", "head_up", "kind")),
    ),
    "The screen": (
        _SHARED["next_pane"],
        _SHARED["last_pane"],
        Key("curves", "c", "c", "show('curves')", "the curves: loss, scores, learning rate"),
        _SHARED["attention"],
        Key("map", "m", "m", "show('map')", "the map: in it h j k l choose layer and head"),
        Key("stop", "escape", "esc", "stop", "pause; forget a count"),
        *(_SHARED[name] for name in ("help", "palette", "suspend", "paint_again", "quit")),
    ),
}


LAB: Groups = {
    "What do you foresee?": (
        *(
            Key(f"answer_{each}", each, each, f"answer({number})", f"answer {each}, and see what the numbers say")
            for number, each in enumerate("abcd")
        ),
        Key("skip", "s", "s", "skip", "run it without an answer"),
        Key("confirm", "enter", "enter", "confirm", "take the marked answer; run what was changed; type a value"),
    ),
    "Controls": (
        Key("above", "up,k", "↑ k", "mark(-1)", "the answer above; the control before"),
        Key("below", "down,j", "↓ j", "mark(1)", "the answer below; the next control"),
        Key("lower", "left,h", "← h", "turn(-1)", "turn the marked control to the stop before"),
        Key("higher", "right,l", "→ l", "turn(1)", "turn the marked control to the next stop"),
        Key("type", "equals_sign", "=", "type", "type any value for the marked control"),
        Key("usual", "r", "r", "usual", "the usual values, with the result that was shown first"),
        Key("size", "f", "f", "size", "a full size, a quick one, the usual one"),
    ),
    "The experiment": (
        Key("next_exhibit", "tab", "tab", "exhibit(1)", "the next table or plot"),
        Key("last_exhibit", "shift+tab", "shift+tab", "exhibit(-1)", "the table or plot before"),
        Key("face", "space", "space", "face", "the page, or its result, where they take turns"),
        Key("text_up", "pageup", "pgup", "scroll(-1)", "up in a text that is longer than its room"),
        Key("text_down", "pagedown", "pgdn", "scroll(1)", "down in it"),
        Key("try", "t", "t", "try", "see it in a decode: the explorer, set up for it"),
        Key("next_page", "n,right_square_bracket", "n ]", "page(1)", "the next experiment"),
        Key("last_page", "p,left_square_bracket", "p [", "page(-1)", "the experiment before"),
        Key("experiment", "colon", ":", "goto", "go to an experiment by its number or its name"),
        Key("stop", "escape", "esc", "stop", "stop what runs; where nothing does, back to the explorer"),
        Key("leave", "q", "q", "leave", "back to the explorer; in glasshead lesson, leave glasshead"),
        *(_SHARED[name] for name in ("help", "palette", "suspend", "paint_again")),
        Key("exit", "ctrl+q", "ctrl+q", "quit", "leave glasshead"),
    ),
}


NEEDED = 4
"""Rank up to which the hints of the explorer are worth a second line."""
_STEPS = (
    Hint(("step",), "space", "step", 0),
    Hint(("back",), "b", "back", 0),
    Hint(("choose",), "enter", "token", 1),
    Hint(("sentence",), "i", "text", 1),
)
_CELL = Hint(("left", "down", "up", "right"), "↑↓←→", "cell", 2)
_LAYER, _HEAD = Hint(("layer_down", "layer_up"), "[ ]", "layer", 2), Hint(("head_down", "head_up"), "( )", "head", 2)
_KIND, _STAGE = Hint(("kind",), "t", "kind", 3), Hint(("stage",), "s", "stage", 3)
_ROW, _CANDIDATE = Hint(("down", "up"), "↑↓", "row", 2), Hint(("left", "right"), "←→", "candidate", 2)
_LEAVING = (
    Hint(("mute",), "x", "mute", 4),
    Hint(("next_pane",), "tab", "pane", 5),
    Hint(("undo",), "z", "undo", 6),
    Hint(("enlarge",), "f", "alone", 7),
    Hint(("pin",), "T", "pin", 9),
    Hint(("find",), "/", "find", 9),
    Hint(("play",), "p", "play", 10),
    Hint(("picking",), "g", "sample", 11),
    Hint(("save",), "w", "save", 12),
    Hint(("models",), "O", "model", 13),
    Hint(("lab",), "L", "lab", 4),
    Hint(("help",), "?", "help", 0),
    Hint(("quit",), "q", "quit", 0),
)
EXPLORE_HINTS = (*_STEPS, _CELL, _LAYER, _HEAD, _KIND, _STAGE, *_LEAVING)
_OF_HEADS = (*_STEPS, Hint(_CELL.ids, _CELL.shown, "layer head", 2), _KIND, _STAGE, *_LEAVING)
"""Hints of the panes in which the arrows choose a head."""
_OF_CELLS = (*_STEPS, _CELL, _LAYER, _HEAD, _KIND, *_LEAVING)
_OF_CANDIDATES = (*_STEPS, _CANDIDATE, _ROW)
_ANYWHERE = (
    Hint(("step",), "space", "step", 4),
    Hint(("undo",), "z", "undo", 6),
    Hint(("enlarge",), "f", "alone", 7),
    Hint(("next_pane",), "tab", "pane", 5),
    Hint(("help",), "?", "help", 0),
    Hint(("quit",), "q", "quit", 0),
)

PANE_HINTS = {
    **dict.fromkeys(("map", "heads"), _OF_HEADS),
    **dict.fromkeys(("sum", "vectors"), _OF_CELLS),
    "alignment": (*_STEPS, _ROW, _LAYER, _HEAD, _KIND, Hint(("shift",), "I", "names", 3), *_LEAVING),
    "norms": (*_STEPS, _ROW, _LAYER, _KIND, *_LEAVING),
    "stream": (*_OF_CANDIDATES, Hint(("stream",), "S", "best − this", 2), _LAYER, _KIND, *_LEAVING),
    "logits": (*_OF_CANDIDATES, _KIND, *_LEAVING),
    "feed-forward": (*_STEPS, _ROW, _LAYER, _KIND, *_LEAVING),
    "positions": (*_STEPS, _ROW, _KIND, *_LEAVING),
    "ranking": (
        Hint(("up", "down"), "↑↓", "head", 0),
        Hint(("left", "right"), "←→", "measure", 0),
        Hint(("find",), "/", "keep some", 1),
        Hint(("choose",), "enter", "attention", 2),
        Hint(("map",), "m", "map", 1),
        Hint(("mute",), "x", "mute", 3),
        *_ANYWHERE,
    ),
    "tree": (
        Hint(("up", "down"), "↑↓", "line", 0),
        Hint(("choose",), "enter", "go", 0),
        Hint(("left", "right"), "←→", "parent child", 2),
        Hint(("sibling_down", "sibling_up"), "J K", "sibling", 3),
        Hint(("compare",), "C", "compare", 1),
        Hint(("name",), "=", "name", 2),
        Hint(("fold",), "-", "fold", 2),
        Hint(("remove",), "del", "delete", 3),
        *_ANYWHERE,
    ),
    "edits": (
        Hint(("up", "down"), "↑↓", "edit", 0),
        Hint(("choose",), "enter", "on, off", 0),
        Hint(("right",), "→", "each one's effect", 1),
        Hint(("add",), "+", "add", 1),
        Hint(("remove",), "del", "take out", 1),
        Hint(("clear",), "Z", "all out", 2),
        Hint(("view",), "d", "original, difference", 3),
        *_ANYWHERE,
    ),
    "breakpoints": (
        Hint(("up", "down"), "↑↓", "breakpoint", 0),
        Hint(("choose",), "enter", "on, off", 0),
        Hint(("add",), "+", "add", 1),
        Hint(("remove",), "del", "take out", 1),
        Hint(("play",), "p", "play", 2),
        Hint(("end",), "end", "to the next one", 3),
        *_ANYWHERE,
    ),
}
"""Hints while a pane is active that has keys of its own."""


FORESEEING_HINTS: tuple[Hint, ...] = (
    Hint(("answer_a",), "a b c d", "answer", 0),
    Hint(("above", "below", "confirm"), "↑ ↓ enter", "answer", 3),
    Hint(("skip",), "s", "just see it", 1),
    Hint(("text_up", "text_down"), "pgup pgdn", "text", 5),
    Hint(("next_page", "last_page"), "n p", "next, before", 2),
    Hint(("help",), "?", "help", 0),
    Hint(("leave",), "q", "explorer", 0),
)
"""Hints of the lab, before a result is seen."""


LAB_HINTS: tuple[Hint, ...] = (
    Hint(("next_exhibit",), "tab", "exhibit", 0),
    Hint(("above", "below", "lower", "higher"), "↑↓←→", "turn", 0),
    Hint(("type",), "=", "type", 4),
    Hint(("usual",), "r", "usual", 6),
    Hint(("size",), "f", "size", 5),
    Hint(("face",), "space", "page", 1),
    Hint(("try",), "t", "try it", 3),
    Hint(("next_page",), "n", "next", 2),
    Hint(("help",), "?", "help", 0),
    Hint(("leave",), "q", "explorer", 0),
)


ENDED_HINTS: tuple[Hint, ...] = (
    Hint(("last_page",), "p", "before", 0),
    Hint(("experiment",), ":", "go to an experiment", 1),
    Hint(("help",), "?", "help", 0),
    Hint(("leave",), "q", "explorer", 0),
)
"""Hints of a lesson, after the last experiment."""


WATCH_HINTS = (
    Hint(("earlier", "later"), "← →", "time", 0),
    Hint(("play",), "space", "play", 0),
    Hint(("newest",), "end", "newest", 2),
    Hint(("sentence_up", "sentence_down"), "↑ ↓", "sentence", 1),
    Hint(("kind",), "t", "kind", 4),
    Hint(("layer_down", "layer_up", "head_down", "head_up"), "[ ] ( )", "layer head", 3),
    Hint(("cell_left", "cell_down", "cell_up", "cell_right"), "hjkl", "cell", 5),
    Hint(("zoom",), "z", "zoom", 6),
    Hint(("next_pane",), "tab", "pane", 7),
    Hint(("help",), "?", "help", 0),
    Hint(("quit",), "q", "quit", 0),
)


ALL = list_keys(EXPLORE)


def read_keys(path: Path) -> dict[str, str]:
    """Read the user's keys: id → keys, in the form of Textual's key map. Empty without a file.

    Raises GlassheadError, naming the file, for anything that is not TOML, and for an unknown id; OSError for a file
    that cannot be read.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return {}
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise GlassheadError(f"{path} cannot be read as TOML ({error}). Correct it, or move it away.") from error
    known = list(dict.fromkeys(key.id for key in (*ALL, *list_keys(WATCH), *list_keys(LAB))))
    for name, keys in content.items():
        if name not in known:
            raise GlassheadError(f"{path}: there is no key {name!r}. {nearest(name, known, what='key')}")
        if not isinstance(keys, str) or not keys.strip():
            raise GlassheadError(f'{path}: {name} must be a text of keys, like "{ALL[0].keys}".')
    return {name: str(keys) for name, keys in content.items()}
