"""The records of a training: its journal, its probes, the trackers."""
