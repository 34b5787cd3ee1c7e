"""micrograd's moons demo as chainrule's peers write it, each as a good user of it would."""
