"""Ranks of many versions of one index at once, for published intervals and for the generic engine's draws."""

from __future__ import annotations

import numpy as np

Array = np.ndarray
UNRANKED = -1  # the kind of subjects whose type has no ranks


def ranks_of(index: Array, kinds: Array | None = None) -> Array:
    """Ranks of each row inside each kind, ties sharing the best; 0 without an index and for kinds without ranks."""
    ahead = index[:, None, :] > index[:, :, None]
    if kinds is None:
        return np.where(np.isnan(index), 0, ahead.sum(axis=2) + 1)
    better = (ahead & (kinds[:, None] == kinds)).sum(axis=2) + 1
    return np.where(np.isnan(index) | (kinds == UNRANKED), 0, better)
