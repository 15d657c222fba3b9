"""How a model can fail its cases; `cause` is what routing tells people."""


class ModelFault(Exception):
    """A model did not answer as it must. `child_lost` tells that the sandbox's process was ended for it.

    The message may be kept for ever; `said` is what the model itself said, which may quote what a case says.
    """

    cause = "model_crashed"

    def __init__(self, message: str, *, child_lost: bool = False, said: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.child_lost = child_lost
        self.said = said


class ModelCrashed(ModelFault):
    """The model raised, ran out of memory, or took its process down."""


class ModelTimeout(ModelFault):
    """No answer before the deadline."""

    cause = "model_timeout"


class ModelLied(ModelFault):
    """The answer is not one: wrong shape, not finite, not probabilities, or not even a frame."""

    cause = "model_invalid_output"


class NoModel(ModelFault):
    """There is no model to ask, or its stored artifact is not what was registered."""

    cause = "no_model"
