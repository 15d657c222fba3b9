from django.core.management import call_command

from hitl_platform.tenants.catalogue import breaches


def test_the_walls_stand(db: None) -> None:
    assert breaches() == []


def test_the_command_says_so(db: None) -> None:
    call_command("check_isolation")
