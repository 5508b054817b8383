"""The exceptions we raise, drawn before they are defined.

* SignalEngineError
  x SetupError            the user can mend it: one line, exit status 2
    + SettingError          a setting or option that does not exist or does not parse
    + InputError            a file, format or column that cannot be read
    + RecoveryError         the recovery store belongs to another version of the flow
  x ServiceError          Postgres or Redis cannot be had: what was tried, and the way out
  x RejectLimitError      too large a share of the input was rejected

Bad data is not here: it is a value (`domain.slices.Reject`), counted and kept.
"""


class SignalEngineError(Exception):
    """Anything we raise on purpose."""


class SetupError(SignalEngineError):
    """Something the user asked for cannot be done as asked; the message names the way out."""


class SettingError(SetupError):
    """A setting, option or value that is unknown or malformed."""


class InputError(SetupError):
    """An input file whose path, format or columns cannot be used."""


class RecoveryError(SetupError):
    """A recovery store written by a flow with other steps or other state versions."""


class ServiceError(SignalEngineError):
    """A service we stand on is away; the message lists what was tried."""


class RejectLimitError(SignalEngineError):
    """More of the input was rejected than the limit allows."""
