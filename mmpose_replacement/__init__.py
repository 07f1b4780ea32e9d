"""What plugs into mmpose and mmengine; importing it registers the classes."""

from mmpose_replacement import hooks, runner

__all__ = ["hooks", "runner"]
