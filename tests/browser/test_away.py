"""Being away and conflicts of interest as they look, without a script and with one."""

from tests.browser.sight import Sight
from tests.browser.stage import Stage
from tests.browser.test_pages import Views, views
from tests.portal.scene import open_desk
from tests.portal.test_case_page import take

__all__ = ["views"]


def test_what_goes_back_is_said_before(stage: Stage, views: Views, sight: Sight) -> None:
    desk = open_desk(stage.cast, cases=0)
    desk.submit(subject="A-1")
    desk.run()
    take(stage.client_for(stage.cast.people["alice"]))
    for page in views("alice"):
        page.goto("/my-work/absences/")
        sight.shoot(page, "absences", shows=["At this moment that is 1 case.", "Be away", "None yet."])
        page.goto("/my-work/conflicts/")
        sight.shoot(page, "conflicts", shows=["Whom it concerns", "None declared."])
        page.get_by_label("A subject").check()
        page.get_by_label("Reference of the subject").fill("A-1")
        page.get_by_role("button", name="See what it does").click()
        page.get_by_role("button", name="Declare it").wait_for()
        sight.shoot(page, "conflict-asked", shows=["1 case in your hands", "goes back to its queue"])
