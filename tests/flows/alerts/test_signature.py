from flows.alerts import signature


def test_signature_is_that_of_the_standard() -> None:
    """The example of the reference libraries of Standard Webhooks."""
    told = signature.headers(
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
        b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    )
    assert told["Webhook-Signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert told["Webhook-Id"] == told["Idempotency-Key"] == "msg_p5jXN8AQM9LWM0D4loKWxJek"
    assert told["Webhook-Timestamp"] == "1614265330"


def test_without_a_secret_nothing_is_signed() -> None:
    assert "Webhook-Signature" not in signature.headers("msg_1", 0, b"", None)
