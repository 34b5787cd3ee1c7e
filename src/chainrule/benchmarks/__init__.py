"""chainrule beside its peers, on the same work from the same weights: ``chainrule bench``.

Each benchmark runs in a process of its own (`processes`), compares what all sides computed, times them in
turns (`timing`), and hands back lines (`results`) for the table (`report`) and the picture (`picture`).
What is imported here is imported when a benchmark runs: a peer that is not installed is left out.
"""
