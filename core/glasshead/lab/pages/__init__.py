"""How each experiment is told: one file a page, named as the experiment. None of them costs torch."""
