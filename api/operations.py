"""Operations: all that REST can do, and at which address."""

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
from api.endpoints.exposition import LegacyMetrics, show_legacy_metrics, show_metrics
from api.errors import CONFLICT, KEY_REUSED, NOT_FOUND, UNAVAILABLE
from api.feed.asyncapi import document as live_document
from api.feed.asyncapi import show_asyncapi
from api.resources import Resources
from api.rest.command import Command
from api.rest.openapi import document
from api.rest.operation import HTML, TEXT, Operation
from api.rest.reference import page
from api.rest.result import Result
from domain.executions import Execution
from domain.statistics.counted import Calibration


@cache
def _document(*, secured: bool) -> bytes:
    return msgspec.json.encode(document(OPERATIONS, version("signalengine"), secured=secured))


async def show_openapi(resources: Resources, _: object) -> bytes:
    """What there is, as an OpenAPI 3.1 document."""
    return _document(secured=resources.gate.settings.required)


@cache
def _reference(*, secured: bool) -> Result:
    return page(msgspec.json.decode(_document(secured=secured)), live_document(version("signalengine")))


async def show_reference(resources: Resources, _: object) -> Result:
    """What there is, as a page for people."""
    return _reference(secured=resources.gate.settings.required)


_SIGNALS = {"get_signal": {"id": "$response.body#/signals/0/id"}}

OPERATIONS = (
    Operation(
        path="/api/v1/signals",
        handler=signals.list_signals,
        takes=signals.ChosenOfAll,
        gives=signals.SignalsPage,
        problems=(UNAVAILABLE,),
        leads=_SIGNALS,
    ),
    Operation(
        path=composites.PATH,
        handler=composites.list_composites,
        takes=composites.ChosenComposites,
        gives=composites.CompositesPage,
        problems=(UNAVAILABLE,),
    ),
    Operation(
        path="/api/v1/signals/{id}",
        handler=signals.get_signal,
        takes=signals.WhichSignal,
        gives=EnrichedSignal,
        problems=(NOT_FOUND, UNAVAILABLE),
    ),
    Operation(
        path="/api/v1/signals/market/{slug:path}",
        handler=signals.list_market_signals,
        takes=signals.ChosenOfMarket,
        gives=signals.SignalsPage,
        problems=(UNAVAILABLE,),
        leads=_SIGNALS,
    ),
    Operation(
        path="/signals",
        handler=signals.list_newest_signals,
        takes=signals.Newest,
        gives=signals.NewestSignals,
        problems=(UNAVAILABLE,),
        leads=_SIGNALS,
    ),
    Operation(
        path=arbitrage.PATH,
        handler=arbitrage.list_opportunities,
        takes=arbitrage.ChosenOpportunities,
        gives=arbitrage.ArbitrageResponse,
        problems=(UNAVAILABLE,),
    ),
    Operation(
        path="/api/v1/arbitrage/scan",
        handler=arbitrage.scan,
        takes=arbitrage.AskedScan,
        gives=arbitrage.ArbitrageScan,
        problems=(UNAVAILABLE,),
        live=True,
    ),
    Command(
        path=arbitrage_execution.PATH,
        handler=arbitrage_execution.execute_arbitrage,
        body=arbitrage_execution.WantedArbitrage,
        subject="opportunity_id",
        gives=Execution,
        problems=(NOT_FOUND, CONFLICT, KEY_REUSED, UNAVAILABLE),
    ),
    Operation(
        path=whales.PATH,
        handler=whales.list_whales,
        takes=whales.ChosenWhales,
        gives=whales.WhalesPage,
        problems=(UNAVAILABLE,),
        leads={"show_wallet": {"id": "$response.body#/whales/0/wallet"}},
    ),
    Operation(
        path="/api/v1/wallets/{id}",
        handler=whales.show_wallet,
        takes=whales.WhichWallet,
        gives=whales.WalletPage,
        problems=(NOT_FOUND, UNAVAILABLE),
    ),
    Operation(
        path="/api/v1/analytics/performance",
        handler=analytics.show_performance,
        takes=analytics.Period,
        gives=analytics.PerformanceResponse,
        problems=(UNAVAILABLE,),
        summed=True,
    ),
    Operation(
        path="/api/v1/analytics/by-signal-type",
        handler=analytics.show_by_signal_type,
        takes=analytics.Period,
        gives=analytics.BySignalType,
        problems=(UNAVAILABLE,),
        summed=True,
    ),
    Operation(
        path="/api/v1/analytics/by-confidence",
        handler=analytics.show_by_confidence,
        takes=analytics.Period,
        gives=analytics.ByConfidence,
        problems=(UNAVAILABLE,),
        summed=True,
    ),
    Operation(
        path=trades.PATH,
        handler=trades.list_trades,
        takes=trades.ChosenTrades,
        gives=trades.TradesPage,
        problems=(UNAVAILABLE,),
    ),
    Operation(
        path="/api/v1/analytics/open-positions",
        handler=trades.list_open_positions,
        takes=trades.ChosenPositions,
        gives=trades.OpenPositions,
        problems=(UNAVAILABLE,),
    ),
    Operation(
        path="/api/v1/analytics/calibration",
        handler=calibration.show_calibration,
        takes=calibration.ChosenForecasts,
        gives=Calibration,
        problems=(UNAVAILABLE,),
        summed=True,
    ),
    Operation(
        path="/api/v1/analytics/equity",
        handler=equity.show_equity,
        takes=equity.ChosenDays,
        gives=equity.Equity,
        problems=(UNAVAILABLE,),
        summed=True,
    ),
    Operation(
        path=trials.PATH,
        handler=trials.list_trials,
        takes=trials.ChosenTrials,
        gives=trials.TrialsPage,
        problems=(UNAVAILABLE,),
        summed=True,
    ),
    Operation(
        path="/performance/stats",
        handler=outcome_stats.show_outcome_stats,
        takes=outcome_stats.Lookback,
        gives=outcome_stats.OutcomeStats,
        problems=(UNAVAILABLE,),
        summed=True,
    ),
    Operation(
        path="/api/v1/bars/{symbol:path}",
        handler=market.list_bars,
        takes=market.WhichBars,
        gives=market.Bars,
        problems=(NOT_FOUND, UNAVAILABLE),
    ),
    Operation(
        path="/api/v1/features/{symbol:path}",
        handler=market.show_features,
        takes=market.WhichFeatures,
        gives=market.Features,
        problems=(NOT_FOUND, UNAVAILABLE),
    ),
    Operation(
        path=events.PATH,
        handler=events.list_events,
        takes=events.ChosenEvents,
        gives=events.EventsPage,
        problems=(UNAVAILABLE,),
    ),
    Operation(
        path=market.INSTRUMENTS,
        handler=market.list_instruments,
        takes=market.WhichInstruments,
        gives=market.Instruments,
        problems=(UNAVAILABLE,),
        leads={"list_bars": {"symbol": "$response.body#/instruments/0/symbol"}},
    ),
    Operation(
        path=models.PATH,
        handler=models.list_models,
        takes=models.ChosenModels,
        gives=models.ModelsPage,
        problems=(UNAVAILABLE,),
    ),
    Operation(
        path="/performance/feature-importance",
        handler=models.show_feature_importance,
        takes=models.WhichImportance,
        gives=models.FeatureImportance,
        problems=(UNAVAILABLE,),
        summed=True,
    ),
    tickets.TicketOperation(
        path=tickets.PATH, handler=tickets.make_ticket, gives=tickets.Ticket, problems=(UNAVAILABLE,)
    ),
    Operation(path="/livez", handler=health.livez, gives=health.Live, problems=(UNAVAILABLE,), scope=None, live=True),
    Operation(
        path="/readyz", handler=health.readyz, gives=health.Ready, problems=(UNAVAILABLE,), scope=None, live=True
    ),
    Operation(path="/metrics", handler=show_metrics, gives=bytes, media_type=TEXT, scope="metrics", live=True),
    Operation(path="/metrics/legacy", handler=show_legacy_metrics, gives=LegacyMetrics, scope="metrics", live=True),
    Operation(path="/openapi.json", handler=show_openapi, gives=dict, scope=None),
    Operation(path="/docs", handler=show_reference, gives=str, media_type=HTML, scope=None),
    Operation(path="/asyncapi.json", handler=show_asyncapi, gives=dict, scope=None),
    Operation(path="/dashboard", handler=dashboard.show_dashboard, gives=str, media_type=HTML, scope=None),
    Operation(
        path="/dashboard_realtime.html",
        handler=dashboard.show_dashboard_realtime,
        gives=str,
        media_type=HTML,
        scope=None,
    ),
    Operation(
        path="/dashboard/page.css",
        handler=dashboard.show_dashboard_style,
        gives=str,
        media_type=dashboard.CSS,
        scope=None,
    ),
    Operation(
        path="/dashboard/{script}",
        handler=dashboard.show_dashboard_script,
        takes=dashboard.WhichScript,
        gives=str,
        media_type=dashboard.JAVASCRIPT,
        scope=None,
    ),
)
