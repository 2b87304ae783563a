"""Style classes set together: Textual looks for the rules of a node and all below it at each that it sets alone."""

from textual.dom import DOMNode


def restyle(node: DOMNode, **classes: bool) -> None:
    """Give a node the classes that are true, take away the others, and look for its rules once, if at all."""
    before = node.classes
    for name, holds in classes.items():
        node.set_class(holds, name.replace("_", "-"), update=False)
    if node.classes != before:
        node.update_node_styles()
