"""`migrate` lists pending migrations, applies them, and then has nothing to do."""

import psycopg

from tests.flows.services.instance import Trial


def test_migrate_applies_and_checks(trial: Trial, postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE bare")
    trial.environ["DATABASE_URL"] = postgres_url.replace("/signalengine?", "/bare?")
    check = trial.run("migrate", "--check")
    missing = check.stdout.splitlines()
    assert (check.returncode, {line.split()[0] for line in missing}) == (1, {"missing"})
    applied = trial.run("migrate")
    assert (applied.returncode, applied.stdout) == (0, check.stdout.replace("missing", "applied"))
    again = trial.run("migrate", "--check")
    assert (again.returncode, again.stdout) == (0, "the database is up to date\n")
