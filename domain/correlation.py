"""Correlation: how much evidence has to agree before it is told as one signal, and how often."""

import msgspec

from domain.errors import SettingError


class CorrelateSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Section `[correlate]`, or SIGNALENGINE_CORRELATE_<NAME>.

    Attributes
    ----------
    composites_per_hour
        Composites that may be told in an hour for every ten instruments that were active within a
        day. Evenly refilled; an hour's worth can come at once. The most confident of an instant go first.
    same_tape
        Correlation of pieces of evidence that are read off the same trades, given the outcome, in
        [0, 1]: 0 adds their log-odds up, 1 takes the mean.
    half_life_h, half_life_outcomes
        What detectors, composites and the market have earned halves over so many hours or so many
        outcomes, whichever takes longer.
    prior_strength
        Outcomes that it takes for a detector's own record to weigh as much as the base rate.
    neighbours
        Past windows that a repeat is judged by.
    remembered
        Resolved windows that are kept to look for them.
    """

    composites_per_hour: float = 4.0
    same_tape: float = 0.5
    half_life_h: float = 336.0
    half_life_outcomes: float = 200.0
    prior_strength: float = 20.0
    neighbours: int = 50
    remembered: int = 2_000

    def checked(self) -> "CorrelateSettings":
        """These settings, if they make sense.

        Raises
        ------
        SettingError
            If one is out of range; the message names it and the way out.
        """
        for name, least, most in (
            ("composites_per_hour", 0.0, 1e6),
            ("same_tape", 0.0, 1.0),
            ("half_life_h", 1e-3, 1e6),
            ("half_life_outcomes", 1.0, 1e9),
            ("prior_strength", 1.0, 1e6),
            ("neighbours", 15, 1_000),
            ("remembered", 50, 100_000),
        ):
            if not least <= getattr(self, name) <= most:
                raise SettingError(f"{name} {getattr(self, name):g} must lie between {least:g} and {most:g}")
        if self.neighbours > self.remembered:
            raise SettingError(f"neighbours {self.neighbours} must not exceed remembered {self.remembered}")
        return self
