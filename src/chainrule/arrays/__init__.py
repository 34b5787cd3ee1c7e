"""Floor 1: the kinds of array that one rule can run on.

A rule is written once against a namespace ``xp`` that speaks the Python Array API standard. Here are
the namespaces: numpy's, Python floats', and symbols'. None of them knows what a derivative is.
"""
