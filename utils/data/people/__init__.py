"""Drawn people with COCO keypoint labels: articulated, clothed, several to a cluttered picture."""

from utils.data.people.generate import PeopleStats, make_people

__all__ = ["PeopleStats", "make_people"]
