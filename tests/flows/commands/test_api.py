"""`api` runs the API with the known addresses."""

from tests.flows.services.instance import Trial


def test_errors_of_the_api_are_printed(trial: Trial) -> None:
    done = trial.run("api")
    assert done.returncode == 2
    assert done.stderr.startswith("signalengine api: DATABASE_URL is not set; ")
