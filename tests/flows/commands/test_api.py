"""`api` becomes the API, with the addresses that are known."""

from tests.flows.services.instance import Trial


def test_it_is_the_api_that_speaks(trial: Trial) -> None:
    done = trial.run("api")
    assert done.returncode == 2
    assert done.stderr.startswith("signalengine api: DATABASE_URL is not set; ")
