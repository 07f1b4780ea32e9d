"""The training and testing loops: runner, hooks, processes, acceleration."""
