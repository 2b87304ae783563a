"""Models of Hugging Face as Models: their modules run as they are, and are watched from outside.

families.py    where the parts of a family lie in its modules; a new family is one entry
discover.py    the same for a model of no known family, found by watching where its numbers go
attention.py   our `attend` as an attention of Hugging Face, and its mask
watch.py       which sites a model has, and watching them
past.py        a cache of Hugging Face as a Past
forbidden.py   tokens that a generation config forbids
rules.py       all rules of it that change a greedy line
model.py       the Model
check.py       the self-check that decides what of it is shown
trying.py      what a model's own code raises, as a sentence
faults.py      what did not pass, what that hides, and how the header says so
memory.py      what a check found, remembered for the folder
names.py       its tokenizer as Names
marks.py       the ids that it sets around a text
languages.py   the tokens that tell it which language to write
spread.py      its layers on several devices, in memory and on the disk
sound.py       sounds, for a model that hears
frames.py      the names of their frames
folder.py      a folder: found, checked, loaded
marian.py      the project's Transformer as a Marian, and back
export.py      its checkpoints as folders, and back
"""
