"""What a training leaves behind: its journal, its probes, the trackers."""
