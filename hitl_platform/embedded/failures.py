"""What goes wrong around embedded servers, as sentences for the person at the terminal."""


class ServerFailed(RuntimeError):
    """A server could not be started, reached or stopped; the message says which and why."""
