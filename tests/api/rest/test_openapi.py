"""The OpenAPI document matches the API: every route is in it, and responses conform to it."""

from typing import Annotated

import jsonschema  # type: ignore[import-untyped]
import msgspec
import pytest
from msgspec import Meta
from starlette.routing import Route

from api.app import build
from api.errors import PROBLEM_TYPES, Problem
from api.feed import stream
from api.operations import OPERATIONS
from api.rest.openapi import document
from api.rest.operation import Operation
from api.security.headers import SECURITY_HEADERS
from api.settings import ApiSettings
from store import executions, instruments, latest, opportunities, outcomes, wallets, whales
from store.instruments import Instrument
from store.latest import FeatureRow
from tests.api.builders import signal
from tests.api.conftest import Api
from tests.api.rest.openapi_document import operation_at, schema_at
from tests.opportunities import opportunity, settled
from tests.store import paper
from tests.whale_trades import ADDRESSES, wallet, whale

Symbol = Annotated[str, Meta(pattern="^[A-Z]+$", description="Symbol of an instrument.", examples=["BTCUSDT"])]


def test_every_route_is_described() -> None:
    app = build(
        ApiSettings(),
        database_url="postgresql://localhost/none",
        redis_url="redis://localhost",
        now_ns=lambda: 0,
        steady_s=lambda: 0.0,
    )
    routes = [route for route in app.routes if isinstance(route, Route)]
    in_asyncapi = {stream.PATH}
    assert [route.path for route in routes if route.path not in in_asyncapi] == [
        operation.path for operation in OPERATIONS
    ]


def test_document_is_openapi_3_1(api: Api) -> None:
    document = api.get("/openapi.json")
    assert document["openapi"] == "3.1.0"
    assert set(document["paths"]) == {operation.path.replace(":path}", "}") for operation in OPERATIONS}
    ids = [operation_at(document, path)["operationId"] for path in document["paths"]]
    assert len(ids) == len(set(ids))
    for path in document["paths"]:
        operation = operation_at(document, path)
        assert operation["summary"]
        in_path = {p["name"] for p in operation["parameters"] if p["in"] == "path"}
        assert in_path == {part.strip("{}") for part in path.split("/") if part.startswith("{")}
        assert all(p["required"] for p in operation["parameters"] if p["in"] == "path")
        assert {"400", "421", "500"} <= set(operation["responses"])
        assert len({"200", "201"} & set(operation["responses"])) == 1
        for parameter in operation["parameters"]:
            assert parameter["description"], f"{parameter['name']} of {path}"
            jsonschema.Draft202012Validator.check_schema(parameter["schema"])
            assert "anyOf" not in parameter["schema"]
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("status", [200, 400, 404])
def test_responses_conform_to_the_document(api: Api, status: int) -> None:
    api.write([signal(number) for number in range(8)])
    instruments.write(
        api.connection,
        [Instrument(name="sim:A", id=1, venue="sim", symbol="A", market_slug="a", simulated=True)],
    )
    latest.write(api.redis, [FeatureRow("sim:A", "5m", "2026-11-20T12:00:00Z", {"rsi": 61.25})], ttl_s=60)
    graded, ends = paper.graded(60)
    api.write(graded)
    with api.connection.transaction():
        outcomes.write(api.connection, ends)
        executions.write(api.connection, [*paper.trades(60), paper.trade(60, None)])
        opportunities.write(api.connection, [opportunity(1), settled(2)])
        whales.write(api.connection, [whale(number) for number in range(5)])
        wallets.write(api.connection, [wallet(1)])
    document = api.get("/openapi.json")
    urls = {
        200: {
            "/api/v1/signals": "/api/v1/signals?status=all&limit=3",
            "/api/v1/signals/{id}": f"/api/v1/signals/{1:032x}",
            "/api/v1/signals/market/{slug}": "/api/v1/signals/market/btcusdt",
            "/signals": "/signals",
            "/api/v1/signals/composite": "/api/v1/signals/composite",
            "/api/v1/arbitrage/opportunities": "/api/v1/arbitrage/opportunities?status=all",
            "/api/v1/arbitrage/scan": "/api/v1/arbitrage/scan",
            "/api/v1/whales": "/api/v1/whales?status=all",
            "/api/v1/wallets/{id}": f"/api/v1/wallets/{ADDRESSES[1]}",
            "/api/v1/analytics/performance": "/api/v1/analytics/performance",
            "/api/v1/analytics/by-signal-type": "/api/v1/analytics/by-signal-type?symbol=BTCUSDT",
            "/api/v1/analytics/by-confidence": "/api/v1/analytics/by-confidence?since=2026-03-02",
            "/api/v1/analytics/trades": "/api/v1/analytics/trades?limit=3",
            "/api/v1/analytics/open-positions": "/api/v1/analytics/open-positions",
            "/api/v1/analytics/calibration": "/api/v1/analytics/calibration",
            "/api/v1/analytics/equity": "/api/v1/analytics/equity?trials=1",
            "/api/v1/analytics/trials": "/api/v1/analytics/trials",
            "/performance/stats": "/performance/stats?lookback_days=3650",
            "/api/v1/bars/{symbol}": "/api/v1/bars/A?timeframe=5m",
            "/api/v1/features/{symbol}": "/api/v1/features/A?timeframe=5m",
            "/api/v1/events": "/api/v1/events",
            "/api/v1/instruments": "/api/v1/instruments",
            "/api/v1/models": "/api/v1/models",
            "/performance/feature-importance": "/performance/feature-importance",
            "/metrics/legacy": "/metrics/legacy",
            "/livez": "/livez",
            "/readyz": "/readyz",
            "/openapi.json": "/openapi.json",
        },
        400: {
            path: f"{path.replace('{id}', 'x').replace('{slug}', 'x').replace('{symbol}', 'x')}?x=1"
            for path, item in document["paths"].items()
            if "get" in item
        },
        404: {
            "/api/v1/signals/{id}": f"/api/v1/signals/{99:032x}",
            "/api/v1/wallets/{id}": "/api/v1/wallets/7",
            "/api/v1/bars/{symbol}": "/api/v1/bars/B?timeframe=5m",
            "/api/v1/features/{symbol}": "/api/v1/features/B?timeframe=5m",
        },
    }[status]
    for path, url in urls.items():
        jsonschema.validate(api.get(url, status), schema_at(document, path, str(status)))


def test_every_problem_type_is_described() -> None:
    """All but 405: methods that are not allowed are not in the document."""
    paths = document(OPERATIONS, "1", secured=True)["paths"].values()
    statuses = {int(status) for item in paths for operation in item.values() for status in operation["responses"]}
    assert {status for status in statuses if status >= 400} == {each.status for each in PROBLEM_TYPES} - {405}


def test_parameters_are_ordered_by_path_filters_and_paging(api: Api) -> None:
    operation = operation_at(api.get("/openapi.json"), "/api/v1/signals/market/{slug}")
    names = [parameter["name"] for parameter in operation["parameters"]]
    assert (names[:2], names[-5:]) == (["slug", "symbol"], ["limit", "cursor", "page", "per_page", "If-None-Match"])


def test_problems_with_the_same_status_share_its_response(api: Api) -> None:
    execute = operation_at(api.get("/openapi.json"), "/api/v1/arbitrage/execute")
    expected = "Invalid parameter (`invalid_parameter`), or Invalid message (`invalid_message`)."
    assert execute["responses"]["400"]["description"] == expected


def test_headers_are_described(api: Api) -> None:
    api.write([signal(number) for number in range(8)])
    document = api.get("/openapi.json")
    for path, request_headers in (("/api/v1/signals?limit=2", {}), ("/livez", {}), ("/signals?limit=0", {})):
        response = api.http.get(path, headers=request_headers)
        described = document["paths"][path.partition("?")[0]]["get"]["responses"][str(response.status_code)]["headers"]
        common = {"content-type", "content-length", "date", "cache-control", *map(str.lower, SECURITY_HEADERS)}
        assert set(response.headers) - common <= {name.lower() for name in described}
        assert {reference["$ref"].rpartition("/")[2] for reference in described.values()} <= set(
            document["components"]["headers"]
        )
    unchanged = api.http.get("/signals", headers={"if-none-match": api.http.get("/signals").headers["etag"]})
    assert unchanged.status_code == 304
    names = [parameter["name"] for parameter in document["paths"]["/livez"]["get"]["parameters"]]
    assert names == []


def test_links_lead_from_response_fields_to_parameters(api: Api) -> None:
    document = api.get("/openapi.json")
    by_id = {each["operationId"]: each for item in document["paths"].values() for each in item.values()}
    checked = 0
    for path in document["paths"]:
        for name, link in operation_at(document, path)["responses"].get("200", {}).get("links", {}).items():
            parameters = {parameter["name"] for parameter in by_id[name]["parameters"]}
            schemas = document["components"]["schemas"]
            page = schemas[schema_at(document, path, "200")["$ref"].rpartition("/")[2]]
            for parameter, expression in link["parameters"].items():
                assert parameter in parameters
                names, _, field = expression.removeprefix("$response.body#/").partition("/0/")
                item = page["properties"][names]["items"]["$ref"].rpartition("/")[2]
                assert field in schemas[item]["properties"]
                checked += 1
    assert checked >= 5


def test_a_wrong_response_would_be_detected(api: Api) -> None:
    document = api.get("/openapi.json")
    wrong = api.get("/api/v1/signals") | {"signals": [{"id": 7}]}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, schema_at(document, "/api/v1/signals", "200"))


def test_parameters_are_described_as_they_are_validated(api: Api) -> None:
    described = {p["name"]: p for p in api.get("/openapi.json")["paths"]["/api/v1/signals"]["get"]["parameters"]}
    assert described["limit"]["schema"] == {"type": "integer", "minimum": 1, "maximum": 1000}
    assert described["status"]["schema"] == {"enum": ["all", "emitted", "suppressed"], "default": "emitted"}
    assert described["since"]["schema"] == {"type": "string", "format": "date-time"}
    assert described["cursor"]["schema"] == {"type": "string", "pattern": "^[0-3][0-9a-f]{14}([0-9a-f]{32}){1,2}$"}
    assert not any(parameter["required"] for parameter in described.values())


def test_a_parameter_is_described_by_its_field_and_else_by_its_type() -> None:
    class Query(msgspec.Struct, frozen=True, kw_only=True):
        detector: Annotated[Symbol | None, Meta(description="Name of the detector.", examples=["breakout"])] = None
        symbol: Symbol | None = None

    async def handler(resources: object, query: Query) -> None:
        """Summary."""

    operation = Operation(path="/x", handler=handler, parameters=Query, response=Problem)
    detector, symbol, _ = document([operation], "1")["paths"]["/x"]["get"]["parameters"]
    text = {"type": "string", "pattern": "^[A-Z]+$"}
    assert detector["description"] == "Name of the detector."
    assert detector["schema"] == {**text, "examples": ["breakout"]}
    assert symbol["description"] == "Symbol of an instrument."
    assert symbol["schema"] == {**text, "examples": ["BTCUSDT"]}
