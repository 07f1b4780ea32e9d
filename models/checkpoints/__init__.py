"""Weights and configs from files of any origin, never unpickled."""
