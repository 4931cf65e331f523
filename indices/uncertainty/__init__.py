"""Uncertainty: what weights, posts, scales, means, gaps and noise do to the ranks, in one vectorised run."""
