"""Live modules built of torch.nn as Models: they run as their owner made them, and are watched from outside.

attention.py   `nn.MultiheadAttention`, computed by our `attend`
masks.py       torch's masks, in which True or −∞ blocks, as ours, in which True may look
layout.py      where the batch stands in a tensor
passes.py      one pass, noted: every call of every module, with what came in and what came out
flow.py        the sub-layers of a pass, found by which tensor is which
places.py      which sites a module has
watch.py       watching them
past.py        the ids of earlier positions
examine.py     which attention is which, by how each is called in one pass
model.py       the Model
caller.py      what the owner gives: a callable and ids, and how it takes them
check.py       the self-check that decides whether it is shown
names.py       what the owner calls the tokens, as Names
build.py       all of it put together, from what the owner gives
"""
