"""Which category is the person, and its keypoints in the order in which the network gives them."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from utils.dataset_check.faults import Fault, error, name_some, note

CHOOSE = 'Name the one to learn: category = "person" in the config\'s data set entry, or '
CHOOSE += "category: person in a data file."


def choose_category(
    content: dict, file: str, category: str | int | None
) -> tuple[dict | None, list[Fault]]:
    """Find the category whose annotations are people.

    Args:
        content: a COCO file's, its structure checked.
        file: its name, for the faults.
        category: name or id that the user gave; None takes the only one that annotations have.
    Returns: the category's entry, None with an error; faults.
    """
    entries = {entry["id"]: entry for entry in content["categories"]}
    counts = Counter(person["category_id"] for person in content["annotations"])
    names = [_told(entry) for entry in entries.values()]
    if category is not None:
        wanted = str(category).lower()
        found = [e for e in entries.values() if str(e.get("name", "")).lower() == wanted]
        found = found or [e for e in entries.values() if str(e["id"]) == wanted]
        if not found:
            rule = f"it must have the category {category!r}, got {name_some(names) or 'none'}"
            return None, [Fault("category", "error", file, rule, cure="Name one of these.")]
        return found[0], []
    strangers = [
        f"{key!r} of {count} annotations" for key, count in counts.items() if key not in entries
    ]
    if strangers:
        have = name_some(names) or "none"
        cure = "Write the person's category into 'categories', or its id into the annotations."
        rule = f"category_id of annotations must be listed under 'categories' ({have})"
        return None, error("category", file, rule, strangers, cure)
    if len(counts) > 1:
        rule = "annotations must be of one category, the person, got "
        rule += name_some([f"{_told(entries[key])} {n} times" for key, n in counts.most_common()])
        return None, [Fault("category", "error", file, rule, cure=CHOOSE)]
    if counts:
        return entries[next(iter(counts))], []
    return next(iter(entries.values()), {"id": 1, "name": "person"}), []


def keypoint_order(
    entry: dict, names: Sequence[str] | None, file: str
) -> tuple[np.ndarray | None, list[Fault]]:
    """Compare the file's keypoint names with those that are learnt.

    Args:
        entry: the category's.
        names: K names in the network's order; None: not known, nothing is compared.
        file: its name, for the faults.
    Returns: int (K,), the place in the file of each of the network's keypoints, None if they are
        in its order already or have no names; faults.
    """
    given = entry.get("keypoints")
    if names is None or not isinstance(given, list) or not given:
        return None, []
    if not all(isinstance(name, str) for name in given):
        return None, []
    plain, wanted = [_plain(name) for name in given], [_plain(name) for name in names]
    if plain == wanted:
        return None, []
    extra, lacking = set(plain) - set(wanted), set(wanted) - set(plain)
    if extra or lacking or len(plain) != len(wanted):
        told = [f"'{name}' unknown here" for name in given if _plain(name) in extra]
        told += [f"'{name}' missing" for name in names if _plain(name) in lacking]
        told += [f"{len(given)} names instead of {len(names)}"] if not told else []
        return None, error(
            "keypoint-names",
            file,
            "keypoints of the category must have the names of the config's metainfo",
            told,
            "Describe these keypoints in metainfo, or rename them in the file.",
        )
    order = np.array([plain.index(name) for name in wanted])
    moved = [f"'{given[o]}' from place {o} to {k}" for k, o in enumerate(order) if o != k]
    rule = "keypoints were put into the config's order by their names"
    return order, note("keypoint-order", file, rule, moved)


def _plain(name: str) -> str:
    return name.strip().lower().replace(" ", "_").replace("-", "_")


def _told(entry: dict) -> str:
    return f"'{entry['name']}' (id {entry['id']})" if "name" in entry else f"id {entry['id']}"
