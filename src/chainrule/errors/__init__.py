"""Every error that chainrule raises, and every message, in one place.

A message states what was found (with the shapes or the values), where, and what to do about it. A caller
never writes a sentence: it writes ``raise errors.not_scalar(shape)``. The messages stand by subject:
``tensors``, ``graphs``, ``checks``, ``learning``, ``layers``, ``language``, ``compiling``, ``tracing``.
"""

from chainrule.errors.checks import *
from chainrule.errors.compiling import *
from chainrule.errors.descents import *
from chainrule.errors.graphs import *
from chainrule.errors.kinds import *
from chainrule.errors.language import *
from chainrule.errors.layers import *
from chainrule.errors.layouts import *
from chainrule.errors.learning import *
from chainrule.errors.notebooks import *
from chainrule.errors.pictures import *
from chainrule.errors.studio import *
from chainrule.errors.tensors import *
from chainrule.errors.tracing import *
