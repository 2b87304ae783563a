"""Tools that several experiments share. None of these is an experiment."""
