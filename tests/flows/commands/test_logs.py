"""`logs` prints the end of each log and follows it, also through a rotation."""

import subprocess
import sys

from flows.services.rotation import rotate
from tests.flows.services.instance import Trial


def test_logs_are_followed_through_a_rotation(trial: Trial) -> None:
    trial.home.create()
    log = trial.home.log("engine")
    log.write_text("before we came\nthe last\n")
    command = [sys.executable, "-m", "flows", "logs", "engine", "-f", "-n", "1"]
    with (
        subprocess.Popen(command, env=trial.environ, stdout=subprocess.PIPE, text=True) as following,
        log.open("a") as writer,
    ):
        assert following.stdout is not None
        assert following.stdout.readline() == "the last\n"
        writer.write("whole\nhal")
        writer.flush()
        assert following.stdout.readline() == "whole\n"
        writer.write("f\n")
        writer.flush()
        assert following.stdout.readline() == "half\n"
        rotate(trial.home.logs, size_max=1)
        writer.write("anew\n")
        writer.flush()
        assert following.stdout.readline() == "anew\n"
        following.kill()


def test_number_of_lines_is_checked(trial: Trial) -> None:
    done = trial.run("logs", "-n", "-1")
    assert (done.returncode, done.stderr) == (2, "signalengine: option --lines=-1 is negative; give 0 or more\n")
