"""Notifications by form: name and channels first, then the tabs, then a review and samples."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.peers.axe import no_barriers
from tests.visiting import enter, errors, post, seen
from webapp.models import EventType, Message, Notification
from webapp.services import configuration, events, rules
from webapp.services.events import NewEvent
from webapp.services.unit import write

LIST = "/notifications"


def entry(world, number: int = 1) -> dict:
    return dict(world.do(lambda: configuration.get("notifications", number).entry))


def words(page, label: str) -> list[str]:
    """What stands in a column of a list."""
    return [" ".join("".join(cell.itertext()).split()) for cell in page.all("td", data_label=label)]


@pytest.fixture
def ana(world) -> int:
    return world.contact("Ana")


# --- from nothing to a notification ---


def test_name_and_channels_then_types_then_contacts_then_the_review(world, ana, submit, visit, admin_client):
    world.group("Security", [ana])
    answer = submit(f"{LIST}/new", name="Vault watch", channels=["email", "sms"], min_severity="warning")
    assert answer.headers["Location"] == f"{LIST}/1/types"
    assert entry(world)["enabled"] is False
    assert "nobody is told" in visit(f"{LIST}/1/types").text

    answer = submit(f"{LIST}/1/types", types=["password.*", "backup.failed"])
    assert answer.headers["Location"] == f"{LIST}/1/contacts"
    answer = submit(f"{LIST}/1/contacts", contacts=["Ana"], groups=["Security"])
    assert answer.headers["Location"] == f"{LIST}/1"
    assert entry(world) == {
        "name": "Vault watch",
        "enabled": False,
        "channels": ("email", "sms"),
        "types": ("password.*", "backup.failed"),
        "min_severity": "warning",
        "contacts": ("Ana",),
        "groups": ("Security",),
        "account": None,
    }
    review = visit(f"{LIST}/1")
    assert "It is disabled" in review.text
    assert post(admin_client, f"{LIST}/1/enable").status_code == 303
    assert entry(world)["enabled"]
    assert "It is disabled" not in visit(f"{LIST}/1").text
    recorded = world.do(lambda: events.record(NewEvent("backup.failed", "x")))
    assert [message.recipient for message in recorded.messages] == ["ana@corp.example"]


def test_one_without_types_is_exported_and_applied_again_and_cannot_be_enabled(world, submit, admin_client, visit):
    submit(f"{LIST}/new", name="Draft")
    assert entry(world)["types"] == ()
    assert world.do(lambda: configuration.apply(configuration.export())) == []
    refused = post(admin_client, f"{LIST}/1/enable")
    assert refused.status_code == 422
    assert "Choose at least one type" in seen(refused, LIST).text
    answer = submit(f"{LIST}/1/edit", enabled=True)
    assert answer.status_code == 422
    assert "Choose at least one type" in seen(answer, LIST).text
    assert not entry(world)["enabled"]
    assert "It fires for nothing yet" in visit(f"{LIST}/1").text


def test_an_enabled_one_keeps_a_type(world, ana, submit):
    world.notification("All", [ana])
    page = seen(submit(f"{LIST}/1/types", types=[]), LIST)
    assert "Choose at least one type" in errors(page)["types"]
    assert entry(world)["types"] == ("*",)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [("name", "", "This is needed"), ("name", "All", "taken"), ("channels", [], "at least one")],
)
def test_what_is_wrong_is_said_at_the_field(world, submit, field, value, said):
    world.notification("All")
    answer = submit(f"{LIST}/new", **{"name": "Other", "min_severity": "error", field: value})
    page = seen(answer, LIST)
    assert answer.status_code == 422
    assert said in errors(page)[field]
    chosen = [
        one.get("value") for one in page.find("select", id="min_severity").iter("option") if "selected" in one.attrib
    ]
    assert chosen == ["error"]
    assert world.count(Notification) == 1


def test_the_account_is_chosen_by_name_and_has_its_effect(world, ana, submit):
    world.account()
    own = world.account("Own", is_default=False)
    world.notification("All", [ana])
    submit(f"{LIST}/1/edit", account="Own")
    recorded = world.do(lambda: events.record(NewEvent("backup.failed", "x")))
    assert world.row(recorded.messages[0].id).account_id == own


def test_the_form_says_what_each_channel_does_today(visit):
    page = visit(f"{LIST}/new")
    helps = {name: "".join(page.find("p", id=f"channel-{name}-help").itertext()) for name in ("email", "sms", "screen")}
    assert "address of the contact" in helps["email"]
    assert "Nothing leaves by it yet" in helps["sms"]
    assert "Nothing leaves by it yet" in helps["screen"]


# --- types ---


def test_the_types_stand_in_their_categories_also_those_that_were_added(world, visit, submit):
    def add() -> None:
        with write() as session:
            session.add(
                EventType(type="door.opened", title="Door opened", category="Access behaviour", severity="info")
            )
            session.add(EventType(type="backup.tape", title="Tape full", category="Password backup", severity="info"))
            rules.publish(session)

    world.do(add)
    world.notification("All", types=["door.opened"])
    page = visit(f"{LIST}/1/types")
    groups = {}
    for group in page.all("div", role="group"):
        boxes = [box.get("value") for box in group.iter("input")]
        heading = "".join(next(group.iter("p")).itertext()) if group.get("aria-labelledby") else ""
        groups[heading] = boxes
    assert groups[""] == ["*"]
    assert groups["Access behaviour"] == [
        "access.*", "access.unusual", "access.login_failed", "access.denied", "door.opened", "door.*",
    ]  # fmt: skip
    assert groups["Password backup"][-1] == "backup.tape"
    assert len(groups) == 13
    assert [box.get("value") for box in page.all("input", name="types") if "checked" in box.attrib] == ["door.opened"]
    submit(f"{LIST}/1/types", types=["door.*", "door.opened", "backup.tape"])
    assert entry(world)["types"] == ("door.*", "backup.tape")


# --- contacts ---


def test_who_lacks_an_address_for_a_channel_is_named(world, visit):
    world.contact("Ana")
    world.contact("Bea", email="", mobile="+5511999990000")
    world.notification("All", [1, 2], channels=["email", "sms"])
    for path in (f"{LIST}/1/contacts", f"{LIST}/1"):
        text = visit(path).text
        assert "Ana has no mobile number." in text
        assert "Bea has no e-mail address." in text
    assert "has no" not in visit(f"{LIST}/1/types").text


# --- two administrators ---


@pytest.mark.parametrize(
    ("tab", "theirs", "mine"),
    [
        ("edit", {"min_severity": "error"}, {"name": "Mine"}),
        ("types", {"types": ["backup.*"]}, {"types": ["password.*"]}),
        ("contacts", {"contacts": ["Ana", "Bea"]}, {"contacts": []}),
    ],
)
def test_the_second_is_told_on_every_tab(world, ana, visit, submit, tab, theirs, mine):
    world.contact("Bea")
    world.notification("All", [ana])
    opened = visit(f"{LIST}/1/{tab}").find("input", name="version").get("value")
    assert submit(f"{LIST}/1/{tab}", **theirs).status_code == 303
    kept = entry(world)
    answer = submit(f"{LIST}/1/{tab}", **mine, version=opened)
    assert answer.status_code == 422
    assert "Somebody else changed this" in seen(answer, LIST).text
    assert entry(world) == kept


def test_on_different_tabs_nobody_is_in_the_way(world, ana, visit, submit):
    world.notification("All", [ana])
    opened = visit(f"{LIST}/1/types").find("input", name="version").get("value")
    submit(f"{LIST}/1/edit", name="Theirs")
    assert submit(f"{LIST}/1/types", types=["backup.*"], version=opened).status_code == 303
    assert (entry(world)["name"], entry(world)["types"]) == ("Theirs", ("backup.*",))


# --- the list ---


def test_the_list_says_what_each_one_does(world, ana, visit, admin_client):
    world.account()
    world.group("Security", [ana, world.contact("Bea")])
    world.notification(
        "All",
        [ana],
        groups=[1],
        channels=["email", "screen"],
        types=["password.changed", "backup.*", "monitoring.disk"],
    )
    world.notification("Draft", types=[], enabled=False)
    world.event("password.changed")
    page = visit(LIST)
    assert words(page, "Channels") == ["E-mail Screen", "E-mail"]
    assert words(page, "Types") == ["Password changed, Password backup +1", "none yet"]
    assert words(page, "People") == ["2", "nobody"]
    assert words(page, "Enabled") == ["enabled", "disabled"]
    assert words(page, "Last fired")[1] == "never"
    assert "ago" in words(page, "Last fired")[0]
    assert [link.text for link in visit(f"{LIST}?enabled=no").all("a", class_="cut")] == ["Draft"]
    lines = admin_client.get(f"{LIST}.csv?enabled=no").text.lstrip("\ufeff").splitlines()
    assert lines == [
        "id,name,enabled,channels,types,min_severity,contacts,groups,account",
        "2,Draft,False,email,,info,,,",
    ]


def test_a_clone_has_the_same_types_and_people_and_begins_disabled(world, ana, submit, visit):
    world.notification("All", [ana], types=["backup.*"], min_severity="error")
    refused = submit(f"{LIST}/new?like=1", name="All")
    page = seen(refused, LIST)
    assert page.find("input", name="like").get("value") == "1"
    answer = submit(f"{LIST}/new?like=1")
    assert answer.headers["Location"] == f"{LIST}/2"
    made, original = entry(world, 2), entry(world, 1)
    assert made == {**original, "name": "All (copy)", "enabled": False}
    visit(f"{LIST}/new?like=9", status=404)


def test_disabled_and_deleted_by_one_button(world, ana, admin_client, visit):
    world.notification("All", [ana])
    post(admin_client, f"{LIST}/1/disable")
    assert not entry(world)["enabled"]
    assert "Nothing uses it" in visit(f"{LIST}/1/delete").text
    assert post(admin_client, f"{LIST}/1/delete").status_code == 303
    assert world.count(Notification) == 0


def test_everybody_may_look_and_administrators_change(world, ana, visit, viewer_client):
    world.notification("All", [ana])
    for path in ("", ".csv", "/1", "/1/preview?to=1"):
        assert viewer_client.get(f"{LIST}{path}").status_code in (200, 404)
    page = visit(f"{LIST}/1", client=viewer_client)
    assert "Send a sample" not in page.text
    for path in ("/new", "/1/edit", "/1/types", "/1/contacts", "/1/delete"):
        visit(f"{LIST}{path}", client=viewer_client, status=403)
    for path in ("/1/types", "/1/contacts", "/1/sample", "/1/enable"):
        assert post(viewer_client, f"{LIST}{path}").status_code == 403


def test_what_is_not_there(visit, admin_client):
    for path in ("/9", "/9/edit", "/9/types", "/9/contacts", "/9/preview"):
        visit(f"{LIST}{path}", status=404)
    assert post(admin_client, f"{LIST}/9/sample").status_code == 404


# --- review ---


@pytest.fixture
def people(world) -> None:
    world.account()
    world.contact("Ana", locale="pt-BR", timezone="America/Sao_Paulo")
    world.contact("Bea", locale="es", mobile="+5511999990000")
    world.notification("Vault watch", [1, 2], channels=["email", "sms"], types=["password.*"])


def test_who_would_get_what_in_which_language(world, people, visit):
    page = visit(f"{LIST}/1?type=password.changed")
    assert words(page, "Contact") == ["Ana", "Bea", "Bea"]
    assert words(page, "Language") == ["Português (Brasil)", "Español", "Español"]
    assert words(page, "Time zone") == ["America/Sao Paulo", "UTC", "UTC"]
    subjects = words(page, "Subject")[:3]
    assert subjects[0] == "[Informação] Senha alterada: A senha de db-01 foi alterada"
    assert subjects[1].startswith("[Información] Contraseña cambiada")
    frame = page.find("iframe")
    assert "sandbox" in frame.attrib
    assert "is-narrow" not in page.html
    assert "is-narrow" in visit(f"{LIST}/1?width=narrow").html


def test_the_mail_of_each_one_in_a_frame_that_may_do_nothing(world, people, admin_client, visit):
    page = visit(f"{LIST}/1?type=password.changed&to=1")
    answer = admin_client.get(page.find("iframe").get("src"))
    assert "A senha de db-01 foi alterada" in answer.text
    assert "America/Sao_Paulo" in answer.text
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    shown = visit(f"{LIST}/1?to=2&channel=sms")
    assert shown.all("iframe") == []
    assert "Nothing leaves by this channel yet" in shown.text


def test_a_type_that_it_does_not_name_is_told(world, people, visit):
    page = visit(f"{LIST}/1?type=backup.failed&to=77")
    assert "does not name that type" in page.text
    assert words(page, "Contact") == ["Ana", "Bea", "Bea"]


def test_that_a_type_is_usually_too_mild_is_told(world, visit):
    world.notification("All", [world.contact()], min_severity="error")
    assert "milder than it asks for" in visit(f"{LIST}/1?type=password.changed").text
    assert "milder than it asks for" not in visit(f"{LIST}/1?type=backup.failed").text


def test_many_people_stand_on_several_pages(world, visit):
    numbers = [world.contact(f"P{number:03}") for number in range(60)]
    world.notification("All", numbers)
    page = visit(f"{LIST}/1")
    assert len(words(page, "Contact")) == 50
    [forward] = page.all("a", rel="next")
    assert words(visit(forward.get("href")), "Contact") == [f"P{number:03}" for number in range(50, 60)]


def test_a_sample_to_one_leads_to_where_it_can_be_followed(world, people, visit, admin_client):
    data = {"type": "password.changed", "to": "1"}
    answer = post(admin_client, f"{LIST}/1/sample", data)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/outbox/1")
    page = visit("/outbox/1")
    assert "[Amostra]" in page.text
    assert "admin sent it as a sample" in page.text
    assert "A program handed it in" not in page.text
    assert "The notification Vault watch fired" not in page.text
    assert words(visit(LIST), "Last fired") == ["never"]


def test_samples_to_all_lead_to_the_outbox_of_the_notification(world, people, visit, admin_client):
    answer = post(admin_client, f"{LIST}/1/sample", {"type": "password.changed"})
    assert answer.headers["Location"] == "/outbox?notification=Vault+watch"
    world.message("Another")
    page = visit(answer.headers["Location"])
    assert len(words(page, "State")) == 3
    assert world.count(Message) == 4


def test_a_sample_to_somebody_else_is_refused_in_words(world, people, admin_client):
    refused = post(admin_client, f"{LIST}/1/sample", {"to": "77"})
    assert refused.status_code == 422
    assert "choose somebody of the list" in seen(refused, LIST).text
    assert world.count(Message) == 0


# --- in a browser ---


@pytest.fixture
def tab(app, people, site, browser_context, page: Page) -> Page:
    enter(browser_context, app, site)
    page.goto(f"{site}{LIST}/1/types")
    return page


def test_types_are_found_by_title_name_and_category(tab):
    find = tab.get_by_label("Search by title")
    find.fill("backup.fa")
    expect(tab.get_by_role("checkbox")).to_have_count(1)
    find.fill("equipment")
    expect(tab.get_by_role("checkbox")).to_have_count(3)
    tab.get_by_label("Equipment unreachable").check()
    expect(tab.get_by_text("Password operations, Equipment unreachable")).to_be_visible()
    expect(tab.get_by_text("2 chosen")).to_be_visible()


@pytest.mark.parametrize("path", ["", "/new", "/1", "/1/edit", "/1/types", "/1/contacts", "/1?to=2&channel=sms"])
def test_nothing_bars_anybody(tab, site, path):
    tab.goto(f"{site}{LIST}{path}")
    no_barriers(tab)


def test_the_preview_is_the_mail(tab, site):
    tab.goto(f"{site}{LIST}/1?type=password.changed")
    tab.get_by_role("link", name="Bea").first.click()
    frame = tab.frame_locator("iframe")
    expect(frame.get_by_role("heading", name="Se cambió la contraseña de db-01")).to_be_visible()
    tab.get_by_role("link", name="Narrow").click()
    box = tab.locator("iframe").bounding_box()
    assert box is not None
    assert box["width"] < 400
