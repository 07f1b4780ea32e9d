"""Drawn people with COCO keypoint labels: articulated, clothed, several to a cluttered image."""

from utils.people_generator.generate import PeopleStats, make_people

__all__ = ["PeopleStats", "make_people"]
