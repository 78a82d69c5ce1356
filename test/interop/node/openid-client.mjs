// A service in Node as its author would write it with openid-client, against a demonstration: every grant and endpoint that the library can use.
import assert from "node:assert/strict";
import * as client from "openid-client";
import { Person, door, run } from "./person.mjs";

const issuer = process.env.CHAVE_ISSUER;
const service = (await door("/services")).find((s) => s.client_id === "health");
const person = new Person((await door("/people"))[0]);
const [redirect_uri] = service.redirect_uris;
const goodbye = new URL("signed-out", service.url).href;
const scope = "openid profile offline_access";

let config, tokens;

// One authorization request with everything that protects it; a pushed one when asked.
async function ask({ pushed = false, decision, by = person, ...more } = {}) {
  const checks = { pkceCodeVerifier: client.randomPKCECodeVerifier(), expectedState: client.randomState(), expectedNonce: client.randomNonce() };
  const parameters = {
    redirect_uri,
    scope,
    state: checks.expectedState,
    nonce: checks.expectedNonce,
    code_challenge: await client.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
    code_challenge_method: "S256",
    ...more,
  };
  const to = pushed ? await client.buildAuthorizationUrlWithPAR(config, parameters) : client.buildAuthorizationUrl(config, parameters);
  return { to, checks, ...(await by.walk(to.href, redirect_uri, decision)) };
}

const refused = (error) => (e) => {
  assert.equal(e.error, error, e);
  return true;
};

await run([
  ["discovery", async () => {
    const insecure = issuer.startsWith("http:") ? { execute: [client.allowInsecureRequests] } : {};
    config = await client.discovery(new URL(issuer), service.client_id, undefined, client.ClientSecretBasic(service.client_secret), insecure);
    client.enableNonRepudiationChecks(config); // the signature too, although the token comes over the service's own connection
    const meta = config.serverMetadata();
    assert.equal(meta.issuer, issuer);
    assert.ok(meta.supportsPKCE());
    assert.equal(meta.authorization_response_iss_parameter_supported, true);
  }],
  ["login with PKCE, state, nonce and max_age", async () => {
    const { url, checks, steps } = await ask({ max_age: "300", acr_values: "urn:chave:level:3" });
    assert.deepEqual(steps, ["identifier", "pin", "code", "decision"]);
    tokens = await client.authorizationCodeGrant(config, url, { ...checks, idTokenExpected: true, maxAge: 300 });
    const claims = tokens.claims();
    assert.equal(claims.iss, issuer);
    assert.equal(claims.aud, service.client_id);
    assert.equal(claims.acr, "urn:chave:level:3");
    assert.deepEqual([...claims.amr].sort(), ["mfa", "pin", "sms"]);
    assert.equal(claims.name.toLowerCase(), person.who.name.toLowerCase());
    assert.ok(claims.auth_time && claims.sid && tokens.expiresIn() > 0);
  }],
  ["userinfo", async () => {
    const { sub } = tokens.claims();
    const info = await client.fetchUserInfo(config, tokens.access_token, sub);
    assert.equal(info.name, tokens.claims().name);
    await assert.rejects(client.fetchUserInfo(config, tokens.access_token, sub + "x"), "the library compares the subject");
  }],
  ["refresh rotates and keeps the sign-in", async () => {
    const fresh = await client.refreshTokenGrant(config, tokens.refresh_token);
    assert.notEqual(fresh.refresh_token, tokens.refresh_token);
    for (const same of ["sub", "auth_time", "sid", "acr"]) assert.equal(fresh.claims()[same], tokens.claims()[same], same);
    await client.fetchUserInfo(config, fresh.access_token, fresh.claims().sub);
    tokens = fresh;
  }],
  ["introspection", async () => {
    const about = await client.tokenIntrospection(config, tokens.access_token);
    assert.equal(about.active, true);
    assert.equal(about.client_id, service.client_id);
    assert.equal(about.sub, tokens.claims().sub);
    assert.ok(about.scope.split(" ").includes("openid"));
    assert.equal((await client.tokenIntrospection(config, tokens.refresh_token)).active, true);
    assert.equal((await client.tokenIntrospection(config, "nothing of the kind")).active, false);
  }],
  ["RFC 9126 a pushed request, with single sign-on", async () => {
    const { to, url, checks, steps } = await ask({ pushed: true });
    assert.deepEqual([...to.searchParams.keys()].sort(), ["client_id", "request_uri"]);
    assert.deepEqual(steps, ["decision"], "who is signed in is asked only to share");
    const pushed = await client.authorizationCodeGrant(config, url, { ...checks, idTokenExpected: true });
    assert.equal(pushed.claims().sub, tokens.claims().sub);
    await assert.rejects(person.walk(to.href, redirect_uri), /stuck after  at .*: 4/, "the name of a pushed request works once");
  }],
  ["revocation ends access and refresh", async () => {
    await client.tokenRevocation(config, tokens.refresh_token);
    assert.equal((await client.tokenIntrospection(config, tokens.access_token)).active, false);
    await assert.rejects(client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub));
    await assert.rejects(client.refreshTokenGrant(config, tokens.refresh_token), refused("invalid_grant"));
    await client.tokenRevocation(config, tokens.refresh_token); // RFC 7009 §2.2: once more is no error
  }],
  ["B4 a foreign state is refused by the client", async () => {
    const { url, checks } = await ask();
    await assert.rejects(client.authorizationCodeGrant(config, url, { ...checks, expectedState: client.randomState() }));
    const mixed = new URL(url);
    mixed.searchParams.set("iss", "https://elsewhere.example");
    await assert.rejects(client.authorizationCodeGrant(config, mixed, checks), "RFC 9207: another issuer's answer");
  }],
  ["B5 a code works once and takes its tokens with it", async () => {
    const { url, checks } = await ask();
    const once = await client.authorizationCodeGrant(config, url, checks);
    await assert.rejects(client.authorizationCodeGrant(config, url, checks), refused("invalid_grant"));
    await assert.rejects(client.refreshTokenGrant(config, once.refresh_token), refused("invalid_grant"));
  }],
  ["B3 another verifier redeems nothing", async () => {
    const { url, checks } = await ask();
    const other = { ...checks, pkceCodeVerifier: client.randomPKCECodeVerifier() };
    await assert.rejects(client.authorizationCodeGrant(config, url, other), refused("invalid_grant"));
  }],
  ["no is an answer", async () => {
    const { url, checks } = await ask({ decision: "deny" });
    await assert.rejects(client.authorizationCodeGrant(config, url, checks), refused("access_denied"));
  }],
  ["a browser that nobody signed in to, with prompt=none", async () => {
    const { url, checks, steps } = await ask({ by: new Person(person.who), prompt: "none" });
    assert.deepEqual(steps, []);
    await assert.rejects(client.authorizationCodeGrant(config, url, checks), refused("login_required"));
  }],
  ["logout", async () => {
    const { url, checks } = await ask();
    tokens = await client.authorizationCodeGrant(config, url, checks);
    const leave = client.buildEndSessionUrl(config, { id_token_hint: tokens.id_token, post_logout_redirect_uri: goodbye, state: "bye" });
    const left = await person.open(leave.href, goodbye);
    assert.ok(left.arrived, `signing out ends at ${left.url}`);
    assert.equal(new URL(left.url).searchParams.get("state"), "bye");
    await assert.rejects(client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub));
    const { steps } = await ask();
    assert.deepEqual(steps.slice(0, 2), ["identifier", "pin"], "signed out means asked again");
  }],
]);
