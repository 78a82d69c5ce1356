// openid-client in a service that has no shared secret and must push its requests: it signs with a key of its own (RFC 7523, private_key_jwt), takes RS256
// ID tokens, and gets its answers by a form (form_post).
import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import * as client from "openid-client";
import { Person, run } from "./person.mjs";

const issuer = process.env.CHAVE_ISSUER;
const { id, redirect_uri, goodbye, key, who } = JSON.parse(process.env.CHAVE_SERVICE);
const person = new Person(who);
const insecure = { execute: [client.allowInsecureRequests] };

let config, tokens;

// One request by PAR; the answer is where the browser went, or the form it was to post.
async function ask(more = {}) {
  const checks = { pkceCodeVerifier: client.randomPKCECodeVerifier(), expectedState: client.randomState(), expectedNonce: client.randomNonce() };
  const to = await client.buildAuthorizationUrlWithPAR(config, {
    redirect_uri,
    scope: "openid profile offline_access",
    state: checks.expectedState,
    nonce: checks.expectedNonce,
    code_challenge: await client.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
    code_challenge_method: "S256",
    ...more,
  });
  return { checks, to };
}

await run([
  ["discovery, with a key for a secret", async () => {
    const private_ = await webcrypto.subtle.importKey("jwk", key, { name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
    const proof = client.PrivateKeyJwt({ key: private_, kid: key.kid });
    config = await client.discovery(new URL(issuer), id, { id_token_signed_response_alg: "RS256" }, proof, insecure);
    client.enableNonRepudiationChecks(config);
  }],
  ["RFC 9126 §2 a request that was not pushed is refused", async () => {
    const plain = client.buildAuthorizationUrl(config, { redirect_uri, scope: "openid", code_challenge: "x".repeat(43), code_challenge_method: "S256" });
    const { url } = await person.walk(plain.href, redirect_uri);
    assert.equal(url.searchParams.get("error"), "invalid_request");
  }],
  ["login", async () => {
    const { checks, to } = await ask();
    const { url } = await person.walk(to.href, redirect_uri);
    tokens = await client.authorizationCodeGrant(config, url, { ...checks, idTokenExpected: true });
    assert.ok(tokens.claims().name);
    assert.equal(JSON.parse(Buffer.from(tokens.id_token.split(".")[0], "base64url")).alg, "RS256");
    await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
  }],
  ["form_post", async () => {
    const { checks, to } = await ask({ response_mode: "form_post" });
    const { action, values } = await person.posts(to.href, redirect_uri);
    assert.equal(action, redirect_uri);
    const answer = new Request(redirect_uri, { method: "POST", body: new URLSearchParams(values) });
    const posted = await client.authorizationCodeGrant(config, answer, { ...checks, idTokenExpected: true });
    assert.equal(posted.claims().sub, tokens.claims().sub);
  }],
  ["refresh, introspection and revocation, each with a fresh assertion", async () => {
    tokens = await client.refreshTokenGrant(config, tokens.refresh_token);
    assert.equal((await client.tokenIntrospection(config, tokens.access_token)).active, true);
    await client.tokenRevocation(config, tokens.access_token);
    assert.equal((await client.tokenIntrospection(config, tokens.access_token)).active, false);
  }],
  ["another key is nobody", async () => {
    const { privateKey } = await webcrypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
    const thief = await client.discovery(new URL(issuer), id, undefined, client.PrivateKeyJwt({ key: privateKey, kid: key.kid }), insecure);
    await assert.rejects(client.tokenIntrospection(thief, tokens.access_token), (e) => e.status === 401 || e.error === "invalid_client");
  }],
  ["logout", async () => {
    const leave = client.buildEndSessionUrl(config, { id_token_hint: tokens.id_token, post_logout_redirect_uri: goodbye, state: "bye" });
    const left = await person.open(leave.href, goodbye);
    assert.ok(left.arrived && left.url.includes("state=bye"), `signing out ends at ${left.url}`);
  }],
]);
