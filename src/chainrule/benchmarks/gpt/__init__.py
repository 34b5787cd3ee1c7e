"""A tiny GPT on scalars, whose graph is new at every step, and the classes that can run it."""
