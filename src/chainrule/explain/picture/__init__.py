"""The one picture of a derivation: boxes, arrows and steps, laid out; every format draws this."""
