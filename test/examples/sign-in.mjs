// Signs a made-up person in to the demo's hospital with nothing but Node, and prints what the hospital would learn.
import { createHash, randomBytes } from "node:crypto";

const tester = process.env.CHAVE_TESTER ?? "http://localhost:8090";
const issuer = process.env.CHAVE_ISSUER ?? "http://localhost:8080";
const door = async (path) => (await fetch(tester + path)).json();

// A browser in a few lines: cookies, redirects, and a stop before the service's own address.
function browser(stop) {
  const jar = new Map();
  return async function open(url, form) {
    for (;;) {
      const answer = await fetch(url, {
        method: form ? "POST" : "GET",
        body: form && new URLSearchParams(form),
        redirect: "manual",
        headers: { cookie: [...jar].map(([k, v]) => `${k}=${v}`).join("; ") },
      });
      for (const line of answer.headers.getSetCookie()) {
        const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
        jar.set(name, value);
      }
      const next = answer.headers.get("location");
      if (!next) return { url, text: await answer.text() };
      url = new URL(next, url).href;
      form = undefined;
      if (url.startsWith(stop)) return { url };
    }
  };
}

const hospital = (await door("/services")).find((s) => s.client_id === "hospital");
const person = (await door("/people"))[0];
const [redirect] = hospital.redirect_uris;
const verifier = randomBytes(32).toString("base64url");

const open = browser(redirect);
let page = await open(
  `${issuer}/oauth2/authorize?` +
    new URLSearchParams({
      response_type: "code",
      client_id: hospital.client_id,
      redirect_uri: redirect,
      scope: "openid profile",
      state: "s1",
      nonce: "n1",
      code_challenge: createHash("sha256").update(verifier).digest("base64url"),
      code_challenge_method: "S256",
    }),
);
const hidden = () => ({ step: /name="step" value="([^"]*)"/.exec(page.text)[1] });
page = await open(page.url, { ...hidden(), identifier: person.phone, country: "" });
page = await open(page.url, { ...hidden(), pin: person.pin });
const [{ code }] = await door(`/inbox?to=${encodeURIComponent(person.phone)}`);
page = await open(page.url, { ...hidden(), code });
page = await open(page.url, { ...hidden(), decision: "allow" });

const back = new URL(page.url).searchParams;
const tokens = await (
  await fetch(`${issuer}/oauth2/token`, {
    method: "POST",
    headers: { authorization: "Basic " + btoa(`${hospital.client_id}:${hospital.client_secret}`) },
    body: new URLSearchParams({
      grant_type: "authorization_code",
      code: back.get("code"),
      redirect_uri: redirect,
      code_verifier: verifier,
    }),
  })
).json();
const learned = await (
  await fetch(`${issuer}/oauth2/userinfo`, { headers: { authorization: `Bearer ${tokens.access_token}` } })
).json();
console.log(JSON.stringify(learned, null, 2));
if (!learned.name) process.exit(1);
