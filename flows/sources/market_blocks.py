"""Market blocks: a recording of prediction markets as blocks for shards, books and all."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from domain.markets import Group
from domain.pairs import Pair
from flows.sources.market_split import MarketSplit
from flows.sources.messages import read_messages
from flows.sources.split import Item
from flows.venues.intake import Intake
from flows.venues.prediction import Prediction
from flows.venues.repeats import Repeats


def market_blocks(
    path: Path,
    groups: Iterable[Group] = (),
    *,
    pairs: Iterable[Pair] = (),
    use_yes_price: bool = False,
    with_wallets: frozenset[int] = frozenset(),
    at_most: int = 4_096,
) -> Iterator[Item]:
    """What a recording holds, in its order.

    Parameters
    ----------
    path
        See `flows.sources.messages`. Answers with markets and events may stand among the messages.
    groups
        Markets that are known from the start; books of tokens that are in none are left out.
    pairs
        Those of the mapping file (`domain.pairs.read_pairs`).
    use_yes_price
        See `flows.venues.kalshi.Kalshi`.
    with_wallets
        Tokens whose trades are told with their wallets; trades of them without are left out.
    at_most
        Messages to read at a time; decides the size of blocks, and no row.

    Yields
    ------
    tuple
        Shard key and block.
    """
    split, prediction, repeats = MarketSplit(groups, pairs), Prediction(use_yes_price=use_yes_price), Repeats()
    for messages, rejects, _ in read_messages(path, at_most=at_most):
        intake = Intake(path.name, with_wallets=with_wallets, repeats=repeats)
        intake.rejects += rejects
        for message in messages:
            intake.begin(*message)
            prediction.decode(message.payload, intake)
        yield from split.items(intake)
    yield from split.end()


def read_groups(path: Path) -> list[Group]:
    """The groups of markets that a file of answers holds, of Gamma or of Kalshi."""
    intake, prediction = Intake(path.name), Prediction()
    for messages, _, _ in read_messages(path):
        for message in messages:
            intake.begin(*message)
            prediction.decode(message.payload, intake)
    return [content for kind, content in intake.take() if kind == "group"]
