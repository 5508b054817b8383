"""Sections: which record defines each section of the settings.

The API's record is found by its name and not imported: the flows must not stand on the API, but who
checks a configuration must read all of it.
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
"""Functions that look at a whole record, and at those of the sections beside it."""
BESIDE = {"api": ("security",)}


def section(name: str, environ: Mapping[str, str]) -> Any:
    """The settings of section `name`, checked.

    Raises
    ------
    SettingError
        If a name is unknown or a value does not fit.
    """
    settings, *beside = (read(resolve_name(RECORDS[each]), each, environ) for each in (name, *BESIDE.get(name, ())))
    return resolve_name(CHECKS[name])(settings, *beside) if name in CHECKS else settings
