"""Exception hierarchy.

* SignalEngineError
  x SetupError            the user can fix it: one line on stderr, exit status 2
    + SettingError          a setting or option that does not exist or does not parse
    + InputError            a file, format or column that cannot be read
    + RecoveryError         the recovery store belongs to another version of the flow
  x ServiceError          Postgres or Redis is unavailable: what was tried, and the way out
  x RejectLimitError      too large a fraction of the input was rejected

Bad data is not an exception: it is a value (`domain.slices.Reject`), counted and stored.
"""


class SignalEngineError(Exception):
    """Base class of all exceptions of this project."""


class SetupError(SignalEngineError):
    """A request that cannot be fulfilled as configured; the message names the way out."""


class SettingError(SetupError):
    """A setting, option or value that is unknown or malformed."""


class InputError(SetupError):
    """An input file whose path, format or columns cannot be used."""


class RecoveryError(SetupError):
    """A recovery store written by a flow with other steps or other state versions."""


class ServiceError(SignalEngineError):
    """A required service is unavailable; the message lists what was tried."""


class RejectLimitError(SignalEngineError):
    """More of the input was rejected than the limit allows."""
