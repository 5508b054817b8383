"""Correlation settings: how evidence is combined into composite signals, and how many are emitted."""

import msgspec

from domain.errors import SettingError


class CorrelateSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Section `[correlate]`, or SIGNALENGINE_CORRELATE_<NAME>.

    Attributes
    ----------
    composites_per_hour
        Maximum number of composites per hour for every ten instruments that were active within a day, as a
        token bucket with a capacity of one hour. The most confident of an instant are emitted first.
    same_tape
        Correlation of pieces of evidence derived from the same trades, given the outcome, in [0, 1]: 0 sums
        their log-odds, 1 takes the mean.
    half_life_h, half_life_outcomes
        Half-life of the track records of detectors, composites and the market, in hours and in outcomes;
        the longer one applies.
    prior_strength
        Number of outcomes at which a detector's own track record weighs as much as the base rate.
    neighbours
        Number of past windows to which a repeat is compared.
    remembered
        Number of resolved windows stored for the comparison.
    """

    composites_per_hour: float = 4.0
    same_tape: float = 0.5
    half_life_h: float = 336.0
    half_life_outcomes: float = 200.0
    prior_strength: float = 20.0
    neighbours: int = 50
    remembered: int = 2_000

    def checked(self) -> "CorrelateSettings":
        """Validate the settings and return them.

        Raises
        ------
        SettingError
            If one is out of range; the message names it and the valid range.
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
