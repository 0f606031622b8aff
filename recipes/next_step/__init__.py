"""The next step of every deal: planned fast, recorded after a quiet minute, closed by its result.

``recipe`` reads like the document it was built from. Beside it: ``settings``, ``form`` (the fields in which
people plan), ``reading`` (what is read), ``story`` (what was done so far), ``case`` (one deal at one moment),
``writing`` (what is written), ``report``.
"""

from recipes.next_step.recipe import NextStep
from recipes.next_step.settings import NextStepSettings, StepKind
from recipes.next_step.snapshot import Portal, Snapshot
from recipes.next_step.verdicts import Verdict

__all__ = ["NextStep", "NextStepSettings", "Portal", "Snapshot", "StepKind", "Verdict"]
