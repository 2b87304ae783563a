"""Pages of the experiments: one file each, named after the experiment. None of them imports torch."""
