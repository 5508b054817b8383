import socket

import pytest

from api.serving.listener import UNSENT_BYTES, listen, url_of
from domain.errors import SetupError


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_it_listens_on_the_given_address(host: str) -> None:
    try:
        listener = listen(host, 0)
    except SetupError:
        assert host == "::1"
        pytest.skip("this machine has no IPv6")
    with listener:
        address, port = listener.getsockname()[:2]
        assert url_of(listener) in (f"http://{address}:{port}", f"http://[{address}]:{port}")
        socket.create_connection((address, port)).close()


@pytest.mark.skipif(not hasattr(socket, "TCP_NOTSENT_LOWAT"), reason="this system has no such option")
def test_connections_inherit_a_small_kernel_send_buffer() -> None:
    with listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()) as client:
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT) == UNSENT_BYTES
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            accepted.setblocking(False)
            assert accepted.send(bytes(8_000_000)) < 500_000


def test_a_port_in_use_is_an_error_that_names_it_and_the_way_out() -> None:
    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(SetupError, match=rf"cannot listen on 127\.0\.0\.1:{port} \(.*\); .*SIGNALENGINE_API_PORT"):
            listen("127.0.0.1", port)


@pytest.mark.parametrize("host", ["", "x" * 64])
def test_a_host_that_cannot_be_resolved_is_an_error_that_names_it_and_the_way_out(host: str) -> None:
    with pytest.raises(SetupError, match=rf"cannot resolve the host '{host}' \(.*\); .*SIGNALENGINE_API_HOST"):
        listen(host, 0)
