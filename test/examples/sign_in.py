"""Signs a made-up person in to the demo's hospital with nothing but Python, and prints what the hospital would learn."""
import base64, hashlib, json, os, secrets
from html.parser import HTMLParser
from http.cookiejar import CookieJar, DefaultCookiePolicy
from urllib import parse, request
from urllib.error import HTTPError

TESTER = os.environ.get("CHAVE_TESTER", "http://localhost:8090")
ISSUER = os.environ.get("CHAVE_ISSUER", "http://localhost:8080")


class FirstForm(HTMLParser):
    """The first form of a page: where it posts to, and what it would send by itself."""

    def __init__(self, page):
        super().__init__()
        self.action, self.fields, self.open = "", {}, None
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        a = dict(attrs)
        if tag == "form" and a.get("method") == "post" and self.open is None:
            self.open, self.action = True, a.get("action", "")
        elif tag == "input" and self.open and a.get("type") == "hidden":
            self.fields[a["name"]] = a.get("value", "")

    def handle_endtag(self, tag):
        if tag == "form":
            self.open = False if self.open else self.open


class StopAt(request.HTTPRedirectHandler):
    """Follows redirects like a browser, but not to the service: its answer is ours to read."""

    def __init__(self, prefix):
        self.prefix = prefix

    def redirect_request(self, req, fp, code, msg, headers, newurl):
        if newurl.startswith(self.prefix):
            raise Arrived(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class Arrived(Exception):
    pass


def door(path, **query):
    return json.load(request.urlopen(TESTER + path + ("?" + parse.urlencode(query) if query else "")))


def walk(service, person, identifier, country="", scope="openid profile"):
    """Goes through every page and returns the parameters that the service gets back, and the PKCE verifier."""
    redirect = service["redirect_uris"][0]
    verifier = secrets.token_urlsafe(32)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    jar = CookieJar(policy=DefaultCookiePolicy(strict_ns_domain=DefaultCookiePolicy.DomainLiberal))
    browser = request.build_opener(request.HTTPCookieProcessor(jar), StopAt(redirect))
    ask = dict(response_type="code", client_id=service["client_id"], redirect_uri=redirect, scope=scope, state="s1",
               nonce="n1", code_challenge=challenge, code_challenge_method="S256")
    to = person["phone"] or person["email"]
    answers = [
        lambda: dict(identifier=identifier, country=country),
        lambda: dict(pin=person["pin"]),
        lambda: dict(code=door("/inbox", to=to)[0]["code"]),
        lambda: dict(decision="allow"),
    ]
    try:
        page = browser.open(ISSUER + "/oauth2/authorize?" + parse.urlencode(ask))
        for answer in answers:
            form = FirstForm(page.read().decode())
            data = parse.urlencode({**form.fields, **answer()}).encode()
            page = browser.open(parse.urljoin(page.url, form.action), data)
    except Arrived as end:
        return dict(parse.parse_qsl(parse.urlsplit(str(end)).query)), verifier
    except HTTPError as stop:  # a page that says what went wrong, with a stable code
        raise SystemExit(f"{stop.code}: {stop.read().decode()}")
    raise SystemExit("the pages did not lead back to the service: " + page.url)


def redeem(service, answer, verifier):
    assert answer["iss"] == ISSUER and answer["state"] == "s1", answer
    basic = base64.b64encode(f'{service["client_id"]}:{service["client_secret"]}'.encode()).decode()
    form = dict(grant_type="authorization_code", code=answer["code"], redirect_uri=service["redirect_uris"][0], code_verifier=verifier)
    return json.load(request.urlopen(request.Request(
        ISSUER + "/oauth2/token", parse.urlencode(form).encode(), {"Authorization": "Basic " + basic})))


if __name__ == "__main__":
    hospital = next(s for s in door("/services") if s["client_id"] == "hospital")
    # Somebody with a passport and a phone, who signs in by passport number and country.
    foreigner = next(p for p in door("/people") if p["pin"] and p["phone"] and p["documents"][0]["type"] == "passport")
    passport = foreigner["documents"][0]
    tokens = redeem(hospital, *walk(hospital, foreigner, passport["number"], passport["country"]))
    userinfo = request.Request(ISSUER + "/oauth2/userinfo", headers={"Authorization": "Bearer " + tokens["access_token"]})
    learned = json.load(request.urlopen(userinfo))
    print(json.dumps(learned, ensure_ascii=False, indent=2))
    assert learned["name"].casefold() == foreigner["name"].casefold()
