"""A service in Python as its author would write it with Authlib and requests, against a demonstration."""
import json, os, sys, traceback
from html.parser import HTMLParser
from urllib import parse

import requests
from authlib.common.encoding import to_bytes, to_unicode, urlsafe_b64decode, urlsafe_b64encode
from authlib.common.errors import AuthlibBaseError
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session
from authlib.jose import JsonWebKey, JsonWebToken
from authlib.jose.errors import BadSignatureError, InvalidClaimError
from authlib.oidc.core import CodeIDToken, UserInfo
from authlib.oidc.discovery import OpenIDProviderMetadata, get_well_known_url

TESTER, ISSUER = os.environ["CHAVE_TESTER"], os.environ["CHAVE_ISSUER"]


def door(path, **query):
    return requests.get(TESTER + path, params=query, timeout=30).json()


class FirstForm(HTMLParser):
    """The first form of a page that posts: where to, what it would send by itself, and what it asks for."""

    def __init__(self, page):
        super().__init__()
        self.action, self.values, self.asks, self.open = "", {}, set(), None
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        a = dict(attrs)
        if tag == "form" and a.get("method") == "post" and self.open is None:
            self.open, self.action = True, a.get("action", "")
        elif self.open and "name" in a:
            if a.get("type") == "hidden":
                self.values[a["name"]] = a.get("value", "")
            else:
                self.asks.add(a["name"])

    def handle_endtag(self, tag):
        if tag == "form" and self.open:
            self.open = False


class Person:
    """Somebody at a browser: cookies, and redirects followed by hand."""

    def __init__(self, who):
        self.who, self.browser = who, requests.Session()

    def visit(self, method, url, stop, data=None):
        for _ in range(12):
            # Answers to a post are redirects to a page, never a post again.
            page = self.browser.request(method, url, data=data, allow_redirects=False, timeout=30)
            if "Location" not in page.headers:
                return url, page
            url, method, data = parse.urljoin(url, page.headers["Location"]), "GET", None
            if url.startswith(stop):
                return url, None
        raise AssertionError("redirects go in circles")

    def walk(self, url, stop):
        """Goes through every page and returns the address at which the service is reached, and the steps that were asked."""
        steps = []
        url, page = self.visit("GET", url, stop)
        while page is not None:
            form = FirstForm(page.text)
            step = next((s for s in ("identifier", "pin", "code", "decision") if s in form.asks), None)
            assert step and len(steps) < 6, f"stuck after {steps} at {url}: {page.status_code}"
            steps.append(step)
            url, page = self.visit("POST", parse.urljoin(url, form.action), stop, {**form.values, **self.answer(step)})
        return url, steps

    def answer(self, step):
        if step == "identifier":
            return {"identifier": self.who["phone"], "country": ""}
        if step == "pin":
            return {"pin": self.who["pin"]}
        if step == "code":
            return {"code": next(m["code"] for m in door("/inbox", to=self.who["phone"]) if m["code"])}
        return {"decision": "allow"}


class Service:
    """The relying party, with what it remembers between checks."""

    def __init__(self):
        registered = next(s for s in door("/services") if s["client_id"] == "tax")
        self.redirect, self.goodbye = registered["redirect_uris"][0], parse.urljoin(registered["url"], "signed-out")
        self.client = OAuth2Session(
            registered["client_id"], registered["client_secret"], scope="openid profile offline_access",
            redirect_uri=self.redirect, code_challenge_method="S256", token_endpoint_auth_method="client_secret_basic")
        self.person = Person(door("/people")[0])
        self.nonce, self.verifier = generate_token(32), generate_token(48)

    def read(self, token, nonce=None):
        """Checks an ID token as OIDC Core §3.1.3.7 says, by Authlib's own claims class."""
        claims = JsonWebToken(["ES256"]).decode(token["id_token"], self.keys, claims_cls=CodeIDToken, claims_options={
            "iss": {"essential": True, "value": ISSUER}, "aud": {"essential": True, "value": self.client.client_id},
        }, claims_params={"nonce": nonce, "client_id": self.client.client_id, "access_token": token["access_token"], "max_age": 300})
        claims.validate(leeway=5)
        return claims

    def sign_in(self):
        ask, state = self.client.create_authorization_url(
            self.meta["authorization_endpoint"], nonce=self.nonce, code_verifier=self.verifier, max_age=300)
        back, steps = self.person.walk(ask, self.redirect)
        return back, state, steps

    def discovery(self):
        document = requests.get(get_well_known_url(ISSUER, external=True), timeout=30).json()
        self.meta = OpenIDProviderMetadata(document)
        if ISSUER.startswith("https:"):  # Authlib lets no other scheme pass
            self.meta.validate()
        self.keys = JsonWebKey.import_key_set(requests.get(self.meta["jwks_uri"], timeout=30).json())

    def login(self):
        back, state, steps = self.sign_in()
        assert steps == ["identifier", "pin", "code", "decision"], steps
        self.token = self.client.fetch_token(
            self.meta["token_endpoint"], authorization_response=back, state=state, code_verifier=self.verifier)
        self.claims = self.read(self.token, self.nonce)
        assert self.claims["acr"] == "urn:chave:level:3" and self.claims["amr"] and self.claims["sid"], dict(self.claims)
        assert self.claims["name"].casefold() == self.person.who["name"].casefold()

    def forged(self):
        head, body, signature = self.token["id_token"].split(".")
        other = {**json.loads(urlsafe_b64decode(to_bytes(body + "=="))), "sub": "somebody-else"}
        forged = ".".join((head, to_unicode(urlsafe_b64encode(to_bytes(json.dumps(other)))), signature))
        try:
            self.read({**self.token, "id_token": forged}, self.nonce)
        except BadSignatureError:
            pass
        else:
            raise AssertionError("a changed token passes")
        try:
            self.read(self.token, "another")
        except InvalidClaimError:
            pass
        else:
            raise AssertionError("a foreign nonce passes")

    def userinfo(self):
        answer = self.client.get(self.meta["userinfo_endpoint"])
        answer.raise_for_status()
        info = UserInfo(answer.json())
        assert info.sub == self.claims["sub"] and info.name == self.claims["name"], info

    def refresh(self):
        before = dict(self.token)
        # Past its time, the session refreshes by itself before its next request; asked for here by name.
        self.token = self.client.refresh_token(self.meta["token_endpoint"], refresh_token=before["refresh_token"])
        assert self.token["refresh_token"] != before["refresh_token"] and self.token["access_token"] != before["access_token"]
        again = self.read(self.token)
        assert "nonce" not in again, "OIDC Core §12.2: the nonce was for the sign-in"
        for same in ("sub", "auth_time", "sid", "acr"):
            assert again[same] == self.claims[same], same
        self.userinfo()

    def introspection(self):
        assert self.client.introspect_token(self.meta["introspection_endpoint"], token=self.token["access_token"]).json()["active"]

    def foreign_state(self):
        back, _, _ = self.sign_in()
        try:
            self.client.fetch_token(self.meta["token_endpoint"], authorization_response=back, state="another", code_verifier=self.verifier)
        except AuthlibBaseError as e:
            assert e.error == "mismatching_state", e
        else:
            raise AssertionError("a foreign state passes")

    def revocation(self):
        answer = self.client.revoke_token(self.meta["revocation_endpoint"], token=self.token["refresh_token"], token_type_hint="refresh_token")
        assert answer.status_code == 200, answer.text
        assert not self.client.introspect_token(self.meta["introspection_endpoint"], token=self.token["access_token"]).json()["active"]
        assert self.client.get(self.meta["userinfo_endpoint"]).status_code == 401
        self.refused(lambda: self.client.refresh_token(self.meta["token_endpoint"], refresh_token=self.token["refresh_token"]))

    def code_twice(self):
        back, state, _ = self.sign_in()
        redeem = lambda: self.client.fetch_token(
            self.meta["token_endpoint"], authorization_response=back, state=state, code_verifier=self.verifier)
        first = redeem()
        self.refused(redeem)
        self.refused(lambda: self.client.refresh_token(self.meta["token_endpoint"], refresh_token=first["refresh_token"]))

    def refused(self, act, code="invalid_grant"):
        try:
            act()
        except AuthlibBaseError as e:
            assert e.error == code, e
        else:
            raise AssertionError("was not refused")

    def logout(self):
        back, state, steps = self.sign_in()
        assert steps == ["decision"], steps  # single sign-on
        token = self.client.fetch_token(self.meta["token_endpoint"], authorization_response=back, state=state, code_verifier=self.verifier)
        leave = self.meta["end_session_endpoint"] + "?" + parse.urlencode(
            {"id_token_hint": token["id_token"], "post_logout_redirect_uri": self.goodbye, "state": "bye"})
        url, page = self.person.visit("GET", leave, self.goodbye)
        assert page is None and "state=bye" in url, url
        assert self.client.get(self.meta["userinfo_endpoint"]).status_code == 401
        _, _, steps = self.sign_in()
        assert steps[:2] == ["identifier", "pin"], steps


if __name__ == "__main__":
    s = Service()
    for name, check in [
        ("discovery", s.discovery), ("login with PKCE, nonce and max_age", s.login), ("a changed token and a foreign nonce are refused", s.forged),
        ("userinfo", s.userinfo), ("refresh rotates and keeps the sign-in", s.refresh), ("introspection", s.introspection),
        ("B4 a foreign state is refused by the client", s.foreign_state), ("revocation ends access and refresh", s.revocation),
        ("B5 a code works once and takes its tokens with it", s.code_twice), ("logout", s.logout),
    ]:
        try:
            check()
        except Exception:  # whatever it was, the check did not hold, and the others build on it
            print("not ok", name)
            traceback.print_exc()
            sys.exit(1)
        print("ok", name)
    print("done")
