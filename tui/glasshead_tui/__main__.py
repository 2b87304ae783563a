"""`python -m glasshead_tui` is `glasshead`."""

from glasshead_tui.cli import main

if __name__ == "__main__":
    main()
