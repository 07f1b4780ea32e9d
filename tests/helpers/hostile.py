"""Files with exchanged, missing and odd values."""

import copy
import random

ODD = [None, True, 5, -1, float("inf"), float("nan"), "x", "", [], {}, [[]], 10**400, "1", [1, 2]]


def places(value, path=()):
    """Paths to all values within a value."""
    if not isinstance(value, (dict, list)):
        return
    for key, inner in list(value.items() if isinstance(value, dict) else enumerate(value)):
        yield (*path, key)
        yield from places(inner, (*path, key))


def spoil(content, rng: random.Random):
    """A copy with one or two values exchanged or taken out."""
    content = copy.deepcopy(content)
    for _ in range(rng.randint(1, 2)):
        by_depth: dict[int, list] = {}
        for path in places(content):
            by_depth.setdefault(len(path), []).append(path)
        if not by_depth:
            return copy.deepcopy(rng.choice(ODD))
        *above, key = rng.choice(by_depth[rng.choice(list(by_depth))])
        node = content
        for step in above:
            node = node[step]
        if isinstance(node, dict) and rng.random() < 0.2:
            del node[key]
        else:
            node[key] = copy.deepcopy(rng.choice(ODD))
    return content
