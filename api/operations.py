"""Operations: every REST operation with its path."""

from functools import cache
from importlib.metadata import version

import msgspec

from api.dashboard import files as dashboard
from api.endpoints import (
    analytics,
    arbitrage,
    arbitrage_execution,
    calibration,
    composites,
    equity,
    events,
    health,
    market,
    models,
    outcome_stats,
    signals,
    tickets,
    trades,
    trials,
    whales,
)
from api.endpoints.enriched import EnrichedSignal
from api.endpoints.metrics import LegacyMetrics, show_legacy_metrics, show_metrics
from api.errors import CONFLICT, KEY_REUSED, NOT_FOUND, UNAVAILABLE
from api.feed.asyncapi import document as asyncapi_document
from api.feed.asyncapi import show_asyncapi
from api.resources import Resources
from api.rest.command import Command
from api.rest.openapi import document
from api.rest.operation import HTML, PROMETHEUS, Operation
from api.rest.reference import page
from api.rest.result import Result
from domain.executions import Execution
from domain.statistics.counted import Calibration


@cache
def _document(*, secured: bool) -> bytes:
    return msgspec.json.encode(document(OPERATIONS, version("signalengine"), secured=secured))


async def show_openapi(resources: Resources, _: object) -> bytes:
    """OpenAPI 3.1 document of this API."""
    return _document(secured=resources.access.settings.required)


@cache
def _reference(*, secured: bool) -> Result:
    return page(msgspec.json.decode(_document(secured=secured)), asyncapi_document(version("signalengine")))


async def show_reference(resources: Resources, _: object) -> Result:
    """API reference as an HTML page."""
    return _reference(secured=resources.access.settings.required)


_SIGNAL_LINKS = {"get_signal": {"id": "$response.body#/signals/0/id"}}

OPERATIONS = (
    Operation(
        path="/api/v1/signals",
        handler=signals.list_signals,
        parameters=signals.SignalsQuery,
        response=signals.SignalsPage,
        problems=(UNAVAILABLE,),
        links=_SIGNAL_LINKS,
    ),
    Operation(
        path=composites.PATH,
        handler=composites.list_composites,
        parameters=composites.CompositesQuery,
        response=composites.CompositesPage,
        problems=(UNAVAILABLE,),
    ),
    Operation(
        path="/api/v1/signals/{id}",
        handler=signals.get_signal,
        parameters=signals.SignalPath,
        response=EnrichedSignal,
        problems=(NOT_FOUND, UNAVAILABLE),
    ),
    Operation(
        path="/api/v1/signals/market/{slug:path}",
        handler=signals.list_market_signals,
        parameters=signals.MarketSignalsQuery,
        response=signals.SignalsPage,
        problems=(UNAVAILABLE,),
        links=_SIGNAL_LINKS,
    ),
    Operation(
        path="/signals",
        handler=signals.list_newest_signals,
        parameters=signals.NewestSignalsQuery,
        response=signals.NewestSignals,
        problems=(UNAVAILABLE,),
        links=_SIGNAL_LINKS,
    ),
    Operation(
        path=arbitrage.PATH,
        handler=arbitrage.list_opportunities,
        parameters=arbitrage.OpportunitiesQuery,
        response=arbitrage.ArbitrageResponse,
        problems=(UNAVAILABLE,),
    ),
    Operation(
        path="/api/v1/arbitrage/scan",
        handler=arbitrage.scan,
        parameters=arbitrage.ScanQuery,
        response=arbitrage.ArbitrageScan,
        problems=(UNAVAILABLE,),
        no_store=True,
    ),
    Command(
        path=arbitrage_execution.PATH,
        handler=arbitrage_execution.execute_arbitrage,
        body=arbitrage_execution.ArbitrageExecutionRequest,
        subject="opportunity_id",
        response=Execution,
        problems=(NOT_FOUND, CONFLICT, KEY_REUSED, UNAVAILABLE),
    ),
    Operation(
        path=whales.PATH,
        handler=whales.list_whales,
        parameters=whales.WhalesQuery,
        response=whales.WhalesPage,
        problems=(UNAVAILABLE,),
        links={"show_wallet": {"id": "$response.body#/whales/0/wallet"}},
    ),
    Operation(
        path="/api/v1/wallets/{id}",
        handler=whales.show_wallet,
        parameters=whales.WalletPath,
        response=whales.WalletPage,
        problems=(NOT_FOUND, UNAVAILABLE),
    ),
    Operation(
        path="/api/v1/analytics/performance",
        handler=analytics.show_performance,
        parameters=analytics.Period,
        response=analytics.PerformanceResponse,
        problems=(UNAVAILABLE,),
        micro_cached=True,
    ),
    Operation(
        path="/api/v1/analytics/by-signal-type",
        handler=analytics.show_by_signal_type,
        parameters=analytics.Period,
        response=analytics.BySignalType,
        problems=(UNAVAILABLE,),
        micro_cached=True,
    ),
    Operation(
        path="/api/v1/analytics/by-confidence",
        handler=analytics.show_by_confidence,
        parameters=analytics.Period,
        response=analytics.ByConfidence,
        problems=(UNAVAILABLE,),
        micro_cached=True,
    ),
    Operation(
        path=trades.PATH,
        handler=trades.list_trades,
        parameters=trades.TradesQuery,
        response=trades.TradesPage,
        problems=(UNAVAILABLE,),
    ),
    Operation(
        path="/api/v1/analytics/open-positions",
        handler=trades.list_open_positions,
        parameters=trades.PositionsQuery,
        response=trades.OpenPositions,
        problems=(UNAVAILABLE,),
    ),
    Operation(
        path="/api/v1/analytics/calibration",
        handler=calibration.show_calibration,
        parameters=calibration.CalibrationQuery,
        response=Calibration,
        problems=(UNAVAILABLE,),
        micro_cached=True,
    ),
    Operation(
        path="/api/v1/analytics/equity",
        handler=equity.show_equity,
        parameters=equity.EquityQuery,
        response=equity.Equity,
        problems=(UNAVAILABLE,),
        micro_cached=True,
    ),
    Operation(
        path=trials.PATH,
        handler=trials.list_trials,
        parameters=trials.TrialsQuery,
        response=trials.TrialsPage,
        problems=(UNAVAILABLE,),
        micro_cached=True,
    ),
    Operation(
        path="/performance/stats",
        handler=outcome_stats.show_outcome_stats,
        parameters=outcome_stats.OutcomeStatsQuery,
        response=outcome_stats.OutcomeStats,
        problems=(UNAVAILABLE,),
        micro_cached=True,
    ),
    Operation(
        path="/api/v1/bars/{symbol:path}",
        handler=market.list_bars,
        parameters=market.BarsQuery,
        response=market.Bars,
        problems=(NOT_FOUND, UNAVAILABLE),
    ),
    Operation(
        path="/api/v1/features/{symbol:path}",
        handler=market.show_features,
        parameters=market.FeaturesQuery,
        response=market.Features,
        problems=(NOT_FOUND, UNAVAILABLE),
    ),
    Operation(
        path=events.PATH,
        handler=events.list_events,
        parameters=events.EventsQuery,
        response=events.EventsPage,
        problems=(UNAVAILABLE,),
    ),
    Operation(
        path=market.INSTRUMENTS,
        handler=market.list_instruments,
        parameters=market.InstrumentsQuery,
        response=market.Instruments,
        problems=(UNAVAILABLE,),
        links={"list_bars": {"symbol": "$response.body#/instruments/0/symbol"}},
    ),
    Operation(
        path=models.PATH,
        handler=models.list_models,
        parameters=models.ModelsQuery,
        response=models.ModelsPage,
        problems=(UNAVAILABLE,),
    ),
    Operation(
        path="/performance/feature-importance",
        handler=models.show_feature_importance,
        parameters=models.FeatureImportanceQuery,
        response=models.FeatureImportance,
        problems=(UNAVAILABLE,),
        micro_cached=True,
    ),
    tickets.TicketOperation(
        path=tickets.PATH, handler=tickets.make_ticket, response=tickets.Ticket, problems=(UNAVAILABLE,)
    ),
    Operation(
        path="/livez", handler=health.livez, response=health.Live, problems=(UNAVAILABLE,), scope=None, no_store=True
    ),
    Operation(
        path="/readyz", handler=health.readyz, response=health.Ready, problems=(UNAVAILABLE,), scope=None, no_store=True
    ),
    Operation(
        path="/metrics", handler=show_metrics, response=bytes, media_type=PROMETHEUS, scope="metrics", no_store=True
    ),
    Operation(
        path="/metrics/legacy", handler=show_legacy_metrics, response=LegacyMetrics, scope="metrics", no_store=True
    ),
    Operation(path="/openapi.json", handler=show_openapi, response=dict, scope=None),
    Operation(path="/docs", handler=show_reference, response=str, media_type=HTML, scope=None),
    Operation(path="/asyncapi.json", handler=show_asyncapi, response=dict, scope=None),
    Operation(path="/dashboard", handler=dashboard.show_dashboard, response=str, media_type=HTML, scope=None),
    Operation(
        path="/dashboard_realtime.html",
        handler=dashboard.show_dashboard_realtime,
        response=str,
        media_type=HTML,
        scope=None,
    ),
    Operation(
        path="/dashboard/page.css",
        handler=dashboard.show_dashboard_style,
        response=str,
        media_type=dashboard.CSS,
        scope=None,
    ),
    Operation(
        path="/dashboard/{script}",
        handler=dashboard.show_dashboard_script,
        parameters=dashboard.ScriptParameters,
        response=str,
        media_type=dashboard.JAVASCRIPT,
        scope=None,
    ),
)
