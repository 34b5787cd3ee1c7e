"""Training steps on tensors, compiled, update and all: chainrule beside its peers on two cores."""
