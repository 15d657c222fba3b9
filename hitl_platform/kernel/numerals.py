"""Numbers as people read them: shares in percent, differences of shares in points, digits grouped."""

NARROW = "\u202f"
MINUS = "\u2212"


def percent(share: float, *, places: int = 0) -> str:
    """A share (0 to 1) in percent, never 0 % or 100 % for what is merely close to it."""
    least = 10.0**-places
    if 0 < share * 100 < least:
        return f"< {least:g} %"
    if 100 - least < share * 100 < 100:
        return f"> {100 - least:g} %"
    return f"{share * 100:.{places}f} %"


def points(difference: float) -> str:
    """A difference of two shares in whole percentage points, signed; the unit stands beside it."""
    whole = round(difference * 100)
    return f"{'+' if whole > 0 else MINUS if whole < 0 else ''}{abs(whole)}"


def grouped(number: int | str) -> str:
    """A whole number, or the text of a decimal one, with narrow spaces between the thousands."""
    whole, dot, rest = str(number).partition(".")
    return f"{int(whole):,}".replace(",", NARROW) + dot + rest
