"""Training, as in section 5 of the paper: data, schedule, loss, loop, evaluation. Nothing in the core imports it."""
