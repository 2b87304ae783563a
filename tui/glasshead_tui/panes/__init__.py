"""The panes of the explorer. Each is given a Trace and a Focus and draws them; it computes nothing that matters."""
