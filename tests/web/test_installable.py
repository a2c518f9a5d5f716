"""Put on a home screen: the browser finds nothing missing, in the person's language, and the offer can be declined."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import expect

from pro_service.web import assets
from tests.web.conftest import Phone, Visitor
from tests.web.test_offline import wait_kept

Invite = Callable[..., Visitor]


def test_the_browser_finds_nothing_missing_and_starts_at_my_questionnaires(on_phone: Phone, patient: Invite) -> None:
    person = patient(language="nl")
    on_phone.open(person)
    page = on_phone.page
    wait_kept(page, person.form)
    page.goto(f"{on_phone.base}/my")
    devtools = page.context.new_cdp_session(page)
    errors = devtools.send("Page.getInstallabilityErrors")["installabilityErrors"]
    assert [one["errorId"] for one in errors if one["errorId"] != "in-incognito"] == []
    found = devtools.send("Page.getAppManifest")
    assert found["errors"] == []
    manifest = json.loads(found["data"])
    assert (manifest["name"], manifest["lang"]) == ("Mijn vragenlijsten", "nl")
    assert manifest["start_url"] == "/my"
    card = page.locator("#install")
    expect(card).to_be_hidden()
    page.evaluate("window.dispatchEvent(new Event('beforeinstallprompt', { cancelable: true }))")
    expect(card.get_by_role("button", name="Zet op mijn beginscherm")).to_be_visible()
    card.get_by_role("button", name="Nu niet").click()
    expect(card).to_be_hidden()
    page.reload()
    page.evaluate("window.dispatchEvent(new Event('beforeinstallprompt', { cancelable: true }))")
    expect(card).to_be_hidden()


@pytest.mark.parametrize(("language", "status"), [("en", 200), ("nl", 200), ("fr", 404)])
def test_there_is_a_manifest_for_each_language_and_its_icons_are_as_large_as_it_says(
    client: FlaskClient, language: str, status: int
) -> None:
    seen = client.get(f"/app-{language}.webmanifest")
    assert seen.status_code == status
    if status == 404:
        return
    assert seen.mimetype == "application/manifest+json"
    for icon in json.loads(seen.text)["icons"]:
        picture = client.get(icon["src"])
        assert (picture.status_code, picture.mimetype) == (200, "image/png")
        width, height = struct.unpack(">II", picture.data[16:24])
        assert f"{width}x{height}" == icon["sizes"]
    assert struct.unpack(">II", assets.assets()["icons/apple.png"].plain[16:24]) == (180, 180)


def test_the_worker_may_fetch_from_its_own_site_and_nothing_else(client: FlaskClient) -> None:
    policy = client.get("/sw.js").headers["Content-Security-Policy"]
    assert policy == "default-src 'none'; frame-ancestors 'none'; connect-src 'self'; script-src 'self'"
    script = client.get("/sw.js").text
    assert f'const VERSION = "{assets.digest()}"' in script
    for path in ("js/form.js", "css/form.css", "icon.svg"):
        assert f"/assets/{assets.digest()}/{path}" in script
