"""The refusals of the domain. Doors translate them; nothing here knows HTTP."""

from collections.abc import Mapping, Sequence


class DomainError(Exception):
    """A refusal that a caller can understand: a stable code, a sentence, and the fields it concerns."""

    code = "error"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        fields: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code
        self.fields = {name: list(reasons) for name, reasons in (fields or {}).items()}


class NotFound(DomainError):
    """No such thing, or not one that this actor may know of: the two are never told apart."""

    code = "not_found"

    def __init__(self, message: str = "There is nothing here under this address.", *, code: str | None = None) -> None:
        super().__init__(message, code=code)


class Forbidden(DomainError):
    """The actor sees the thing but may not do this to it."""

    code = "forbidden"


class Conflict(DomainError):
    """The thing is in a state that does not allow this."""

    code = "conflict"


class Invalid(DomainError):
    """The input is wrong; `fields` names where and why."""

    code = "invalid"


class TooLarge(DomainError):
    """The input is larger than what is accepted."""

    code = "too_large"


class Unavailable(DomainError):
    """A part that this needs does not answer now; trying again later is right."""

    code = "unavailable"


def require(allowed: bool, message: str = "You may not do this.", *, code: str | None = None) -> None:
    """Raise Forbidden unless `allowed`."""
    if not allowed:
        raise Forbidden(message, code=code)
