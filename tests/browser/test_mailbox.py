"""Looking into a mailbox at a browser, and telling that messages are in hand."""

from playwright.sync_api import expect

from tests.browser.conftest import Site, Visitor


def test_what_waits_is_looked_at_and_acknowledged(visitor: Visitor, site: Site) -> None:
    visitor.sign_in(site.tokens["0340"], "/postvak")
    page = visitor.page
    boxes = page.get_by_role("checkbox")
    before = boxes.count()
    assert before > 1
    visitor.fine("postvak")
    with page.expect_download() as fetched:
        page.get_by_role("link", name="als XML ophalen").first.click()
    assert b"Bericht" in fetched.value.path().read_bytes()
    visitor.goto("/postvak")
    boxes.first.check()
    page.get_by_role("button", name="Gekozen berichten afhandelen").click()
    expect(page.get_by_role("status")).to_contain_text("1 bericht is afgehandeld")
    expect(boxes).to_have_count(before - 1)
    visitor.fine("postvak-afgehandeld")


def test_when_nothing_waits_it_says_where_messages_are(visitor: Visitor, site: Site) -> None:
    visitor.sign_in(site.tokens["65656055"], "/postvak?na=999999")
    expect(visitor.page.get_by_text("Er is niets meer")).to_be_visible()
    visitor.fine("postvak-leeg")
