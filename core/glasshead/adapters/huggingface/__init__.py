"""Models of Hugging Face as Models: their modules run as they are, and are watched from outside.

families.py    where the parts of a family lie in its modules; a new family is one entry
attention.py   our `attend` as an attention of Hugging Face, and its mask
watch.py       which sites a model has, and watching them
past.py        a cache of Hugging Face as a Past
model.py       the Model
check.py       the self-check that decides whether it is shown
names.py       its tokenizer as Names
marks.py       the ids that it sets around a text
folder.py      a folder: found, checked, loaded
"""
