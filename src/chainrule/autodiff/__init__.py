"""Floor 2: the graph that a program leaves behind, and the ways to go through it."""
