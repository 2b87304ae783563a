"""The commands of `glasshead`: one file each, which imports heavy modules only when the command runs."""
