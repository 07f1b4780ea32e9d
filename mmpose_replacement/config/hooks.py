"""Hooks that flags and switches add to a config."""

from mmengine.config import Config


def add_hook(config: Config, kind: str, **arguments: object) -> None:
    """Add a hook, in the place of those of its kind.

    A config that a training wrote into its work directory has that training's hooks.

    Args:
        config: changed in place.
        kind: name of the hook's class.
        **arguments: the class's.
    """
    others = [hook for hook in config.get("custom_hooks", []) if hook["type"] != kind]
    config.custom_hooks = [*others, {"type": kind, **arguments}]
