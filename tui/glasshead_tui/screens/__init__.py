"""The screens: the explorer, the lab, the watch screen, and the dialogs over them."""
