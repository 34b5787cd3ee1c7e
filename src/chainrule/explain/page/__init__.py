"""The page to step through: the picture, every line of the derivation, and a bar to walk along them."""

from chainrule.explain.page.document import document
from chainrule.explain.page.fragment import Fragment, fragment

__all__ = ["Fragment", "document", "fragment"]
