"""Sections: the struct that defines each section of the settings.

Structs are resolved by name and not imported: `flows` must not depend on `api`, but the command that checks
a configuration must read all of it.
"""

from collections.abc import Mapping
from pkgutil import resolve_name
from typing import Any

from domain.environ import read

RECORDS = {
    "alerts": "flows.alerts.settings:AlertSettings",
    "api": "api.settings:ApiSettings",
    "arbitrage": "domain.arbitrage:ArbitrageSettings",
    "correlate": "domain.correlation:CorrelateSettings",
    "engine": "flows.settings:EngineSettings",
    "paper": "domain.paper:PaperSettings",
    "prediction": "flows.prediction_settings:PredictionSettings",
    "score": "domain.scoring:ScoreSettings",
    "security": "api.security.settings:SecuritySettings",
    "services": "flows.services.settings:ServiceSettings",
    "sim": "flows.sources.sim_settings:SimSettings",
    "simulated_markets": "flows.sources.sim_prediction_settings:SimPredictionSettings",
    "whales": "domain.whale_settings:WhaleSettings",
}
CHECKS = {
    "alerts": "flows.alerts.settings:AlertSettings.checked",
    "api": "api.settings:check",
    "arbitrage": "domain.arbitrage:ArbitrageSettings.checked",
    "correlate": "domain.correlation:CorrelateSettings.checked",
    "engine": "flows.settings:EngineSettings.checked",
    "paper": "domain.paper:PaperSettings.checked",
    "prediction": "flows.prediction_settings:PredictionSettings.checked",
    "score": "domain.scoring:ScoreSettings.checked",
    "security": "api.security.settings:SecuritySettings.checked",
    "sim": "flows.sources.sim_settings:SimSettings.checked",
    "simulated_markets": "flows.sources.sim_prediction_settings:SimPredictionSettings.checked",
    "whales": "domain.whale_settings:WhaleSettings.checked",
}
"""Functions that validate a whole section, given those of `RELATED` as well."""
RELATED = {"api": ("security",)}


def section(name: str, environ: Mapping[str, str]) -> Any:
    """Read and validate the settings of section `name`.

    Raises
    ------
    SettingError
        If a setting is unknown or a value is invalid.
    """
    settings, *related = (read(resolve_name(RECORDS[each]), each, environ) for each in (name, *RELATED.get(name, ())))
    return resolve_name(CHECKS[name])(settings, *related) if name in CHECKS else settings
