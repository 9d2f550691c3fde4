"""Constraints: what each row of a table must hold, in the data and in what is made."""

from gansmith.modalities.table.constraints.check import checked, once
from gansmith.modalities.table.constraints.distance import Distance
from gansmith.modalities.table.constraints.form import Form, uniques
from gansmith.modalities.table.constraints.kinds import Constraint, Unique
from gansmith.modalities.table.constraints.parsing import parse
from gansmith.modalities.table.constraints.steps import Level

__all__ = [
    "Constraint",
    "Distance",
    "Form",
    "Level",
    "Unique",
    "checked",
    "once",
    "parse",
    "uniques",
]
