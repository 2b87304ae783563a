"""Training, as in section 5 of the paper: data, schedule, loss, loop, evaluation. Only the lab imports it."""
