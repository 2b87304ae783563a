"""What the explorer's help says of panes and signs: the panes in the paper's words, with its equations and sections."""

Meanings = tuple[tuple[str, str], ...]

PANES: Meanings = (
    (
        "map",
        "every head of every layer; each picture is its attention weights. Where it has fewer dots than "
        "the matrix has cells, each dot is the largest weight of the cells that share it",
    ),
    (
        "ranking",
        "all heads in one list, in the map's place: by a measure of their weights in this line, or by the effect, "
        "which is the rise of the loss of the whole line, decoded to its end for this, without the head, beside the "
        "placebo: any other head of its layer taken out instead. Quiet rows are no larger than the placebo, or than "
        "even rows. Which word made a token is no guess from weights: the recipe's rules link the words of each pair "
        "that it writes, and of a line that they do not know, or that has not ended, there is no such measure",
    ),
    (
        "attention",
        "softmax(Q Kᵀ / √d_k + mask) of one head (3.2.1): a row a query, a column a key; s goes through the stages. "
        "The decoder's own attention has a mask: each row has to predict the token after it, and may not see that one "
        "or any later. Encoder–decoder attention has none: the whole source is known before the first token is "
        "written. A pinned head, another line or model stands beside it, with the difference",
    ),
    ("sum", "one cell: score = q·k / √d_k, weight = exp(score) / Σ exp(scores), and the row's output = Σ weight · v"),
    (
        "vectors",
        "one cell: q = x W_Q asks, k = x W_K is asked, v = x W_V is given; q × k is their product, number by number",
    ),
    ("norms", "LayerNorm after each sub-layer: normalised is n = (x − mean) / √(var + ε), the output gain · n + bias"),
    (
        "heads",
        "the chosen cell in every head of this kind of attention, and under each weight its row as bars; where keys "
        "share a bar, it is as high as the largest of their weights. Above them the largest weights with their ranks, "
        "= for an equal one",
    ),
    (
        "alignment",
        "source and target as sentences: each row is painted by its weights. Pieces are joined to words: a weight is "
        "the mean over a word's rows of the sum over the other's columns. Links are the largest weight of a row, "
        "covered is the sum of what a source word got so far, mean the current row in the mean of the layer's heads",
    ),
    (
        "stream",
        "the residual stream, LayerNorm(x + Sublayer(x)) (3.1): the length of what each sub-layer adds, and the cosine "
        "of its angle to the stream. Lens: the output matrix applied there (nostalgebraist 2020), after the model's "
        "own last norm or head if it has one. To the logit: w · (what is added), w the candidate's row of the output "
        "matrix, followed back through the norms with their variances held, and through a head like BERT's, which is "
        "not linear, with act(z) / z of the row held; the shares sum to the logit",
    ),
    ("logits", "p = softmax(logits) of every token after the row; ln p of the line = Σ ln p of its tokens, in nats"),
    (
        "feed-forward",
        "FFN(x) = max(0, x W₁ + b₁) W₂ + b₂ (3.3): a unit writes its activation times its row of W₂; through the "
        "output matrix that raises the logits of the tokens named",
    ),
    (
        "positions",
        "PE(pos, 2i) = sin(pos / 10000^(2i/m)), PE(pos, 2i+1) = cos(…) (3.5): as a picture, and embedding + position "
        "= sum",
    ),
    (
        "tree",
        "every text, token and edit that was taken, as a line under its parent: the bits that its token at the fork is "
        "below the parent's best one, KL(parent ‖ line) there and one token on, where each has taken its own, and the "
        "weight that differs most in the row after it",
    ),
    (
        "edits",
        "what the line is under, in its order; the checks that each breaks on purpose, and what all together do to the "
        "next token. → measures what each does: alone, next to no edit, and added to the rest, which is all edits next "
        "to all but this one. ≠ tokens counts those that are changed by now; KL is the mean over the tokens of this "
        "line and the next, in bits",
    ),
    ("breakpoints", "where steps, playing and decoding to the end stop, each on or off; all lines share them"),
    (
        "truth",
        "checks of what is shown, each computed in another way: ✓ holds, ✗ does not, ~ an edit breaks it on purpose",
    ),
)
"""The panes of the explorer, in their order."""
HERE = "»", "the row that the arrows have come to, in a list, a pane or a question"
SHORT = (
    "enc–dec",
    "short for encoder–decoder attention; enc self is the encoder's self-attention, dec self the decoder's. "
    "enc–dec L2 H6 is decoder 2 · encoder–decoder attention · head 6: layers (L) and heads (H) count from 0",
)
"""Meanings of what other screens show too."""
GLYPHS: Meanings = (
    (".81", "a weight, or a score, on its colour: the brighter, the larger"),
    ("9e-5", "0.00009: a number too small for four decimals; 0 stands alone for exactly zero"),
    ("▀▄", "two cells, one above the other, where there is no room for numbers: two weights in one place"),
    (
        "╱",
        "masked: −∞ before softmax, weight exactly 0. Nobody may look there. Under the matrix stands what is masked; "
        "without a mask, the stage masked has the scores again",
    ),
    ("╱1.3", "among the scores, a number that will be masked; in half blocks every second one is grey"),
    ("·", "not decoded yet; in a difference, a number that no edit goes into: it is as it was"),
    ("[.81]", "the cursor in a matrix, a map or the tokens: its row is the query, its column the key"),
    ("{.55}", "the pinned head, in the map and among the heads: it stands beside the current one"),
    HERE,
    (
        "◆ ◇",
        "where two are compared: the present line or head, and the one beside it. Before the title of a pane, which of "
        "them it shows, ◆ − ◇ for the difference; d goes through the three. Where there is room, both stand side by "
        "side",
    ),
    SHORT,
    (
        "step 3",
        "writes the third token of the target; after step 3 there are three, and step 4 is the next. Step 0 is the "
        "start. So count the line above, the tree, breakpoints, : and the command line",
    ),
    ("choosing", "a row of the decoder looks one word ahead: the row of chat chooses noir. I names rows by it"),
    ("chat→cat", "in the alignment, a link: chat looks at cat, from query to key"),
    ("[cat .98]", "in the alignment, the word that gets the largest weight"),
    ("‿", "this piece is written onto the one before it"),
    ("␣", "a piece that is only the space before a word"),
    ("E7", "two digits: a byte of a character that the vocabulary lacks"),
    ("▸ ■", "start token, from which the first target token is asked for; end token"),
    ("┃", "where the next token of the target will stand"),
    (
        "▂▅▇",
        "the numbers of a vector: up positive, down negative; ±5.28 is the height of the tallest. On one line of text "
        "all stand on its ground and the colour is the sign; without colour, negative ones hang from its top",
    ),
    ("░▒▓█", "without colour: the darker, the larger a weight; of scores ~ = ≡ are below 0, ░ to █ above"),
    (".92→.71", "the model's own probability, and the one with which a token is drawn; cut: it cannot be drawn"),
    ("≠ =", "changed by the edits, and underlined; unchanged, though the edits go into it"),
    ("mouse", "a click chooses a cell or a head; the wheel scrolls"),
)
"""The signs of the explorer."""
