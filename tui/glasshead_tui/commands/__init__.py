"""The commands of `glasshead`: one file each, which imports what is heavy only when the command runs."""
