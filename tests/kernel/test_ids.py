from hitl_platform.kernel.ids import uuid7, uuid7s


def test_identifiers_ascend_across_calls_and_batches() -> None:
    made = [uuid7(), *uuid7s(5_000), uuid7(), *uuid7s(3), uuid7()]
    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_identifiers_are_version_7_of_the_rfc() -> None:
    for made in uuid7s(200):
        assert made.version == 7
        assert made.variant == "specified in RFC 4122"
