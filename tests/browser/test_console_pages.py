"""The console's pages of queues, templates, policies, rules and what they bring, on a laptop and on a phone."""

from tests.browser.sight import Sight
from tests.browser.stage import Stage
from tests.reviews.conftest import Office, loan_type, office, open_office, other_manager
from tests.reviews.escalating import NOTIFY, Watch

__all__ = ["loan_type", "office", "open_office", "other_manager"]


def test_queues_templates_policies_and_rules(stage: Stage, office: Office, sight: Sight) -> None:
    watch = Watch(office)
    watch.level()
    office.activate()
    rule = watch.rule("sla_breached", NOTIFY, rewake="2h")
    office.bring(4_300)
    page = stage.open("mona")
    pages = {
        "/console/": ("console-home", ["What needs you now"]),
        "/console/reviews/queue/": ("console-queues", ["Loans", "Create a queue"]),
        f"/console/reviews/queue/{office.queue.pk}/change/": ("console-queue", ["Change settings", "Alice (work)"]),
        f"/console/reviews/queue/{office.queue.pk}/settings/": ("console-queue-settings", ["Panels and leases"]),
        "/console/reviews/paneltemplate/": ("console-templates", ["Panel"]),
        "/console/reviews/paneltemplate/create/": ("console-template", ["Who decides", "With a model"]),
        "/console/reviews/routingpolicy/": ("console-policies", ["Active"]),
        "/console/reviews/routingpolicy/draft/": ("console-policy", ["Checked against the case type"]),
        "/console/reviews/escalationrule/draft/": ("console-rule-draft", ["Checked at once"]),
        f"/console/reviews/escalationrule/{rule.pk}/change/": ("console-rule", ["Disable", "SLA breached"]),
        "/console/reviews/qualityrule/rule/": ("console-quality-rule", ["It holds for what is assessed"]),
        "/console/reviews/goldcontest/": (
            "console-contests-none",
            ["Nothing here yet", "What reviewers say against known answers."],
        ),
    }
    for path, (name, shows) in pages.items():
        page.goto(path)
        sight.shoot_console(page, name, shows=shows)
    page.emulate_media(color_scheme="dark")
    page.goto("/console/")
    sight.shoot_console(page, "console-home", shows=["What needs you now"], scheme="dark")
    page.goto(f"/console/reviews/queue/{office.queue.pk}/settings/")
    sight.shoot_console(page, "console-queue-settings", shows=["Panels and leases"], scheme="dark")
