// A bank in Node with samlify over standard SAML 2.0, schema validation on: it knows of us what our metadata says, and nothing else.
import assert from "node:assert/strict";
import * as validator from "@authenio/samlify-node-xmllint";
import * as samlify from "samlify";
import { Person, door, keep, run } from "./person.mjs";

const issuer = process.env.CHAVE_ISSUER;
const service = (await door("/services")).find((s) => s.saml?.wire === "saml");
const who = (await door("/people")).find((p) => p.phone && p.pin && p.documents[0].type === "citizen_card");
const home = new URL(service.saml.acs).origin;
const { post, redirect } = samlify.Constants.namespace.binding;
const name = (last) => `http://interop.gov.pt/MDC/Cidadao/${last}`;
const persistent = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";

// The validator prints what it thinks of each message, and only its verdict matters here.
samlify.setSchemaValidator({ validate: (xml) => validator.validate(xml) });

const sp = (more = {}) =>
  samlify.ServiceProvider({
    entityID: service.saml.issuer,
    authnRequestsSigned: true,
    wantAssertionsSigned: true,
    wantLogoutResponseSigned: true,
    signingCert: service.saml.certificate,
    privateKey: service.saml.key,
    nameIDFormat: [persistent],
    assertionConsumerService: [{ Binding: post, Location: service.saml.acs }],
    singleLogoutService: [{ Binding: post, Location: `${home}/saml/logout` }],
    ...more,
  });

const bank = sp();
const someone = new Person(who, true);
let idp, login;

// What a page of the bank does with a request: a form that posts itself, or an address.
const form = (request, relayState) => ({ action: request.entityEndpoint, values: { SAMLRequest: request.context, RelayState: relayState }, origin: home });

async function answered(from, id, { by = someone, decision, label } = {}) {
  const { values, steps } = await by.posts(from, service.saml.acs, decision);
  const xml = Buffer.from(values.SAMLResponse, "base64").toString();
  keep(label, xml);
  assert.match(xml, new RegExp(`InResponseTo="${id}"`));
  const { extract } = await bank.parseLoginResponse(idp, "post", { body: values });
  return { extract, steps, xml, relayState: values.RelayState };
}

await run([
  ["our metadata is all it needs", async () => {
    const metadata = await (await fetch(`${issuer}/saml/metadata`)).text();
    keep("metadata", metadata);
    idp = samlify.IdentityProvider({ metadata, wantLogoutRequestSigned: true }); // metadata has no place for the latter
    assert.equal(idp.entityMeta.getEntityID(), `${issuer}/saml/metadata`);
    assert.equal(idp.entityMeta.isWantAuthnRequestsSigned(), true);
    for (const binding of ["post", "redirect"]) {
      assert.ok(idp.entityMeta.getSingleSignOnService(binding).startsWith(issuer));
      assert.ok(idp.entityMeta.getSingleLogoutService(binding).startsWith(issuer));
    }
  }],
  ["login by POST", async () => {
    const request = bank.createLoginRequest(idp, "post");
    const { extract, steps, relayState } = await answered(form(request, "a/b?c=d&e"), request.id, { label: "post" });
    assert.deepEqual(steps, ["identifier", "pin", "code", "decision"]);
    assert.equal(relayState, "a/b?c=d&e");
    assert.equal(extract.audience, service.saml.issuer);
    assert.equal(extract.response.destination, service.saml.acs);
    assert.equal(extract.attributes[name("NIC")], who.documents[0].number.slice(0, 8));
    assert.equal(extract.attributes[name("NomeCompleto")].toLowerCase(), who.name.toLowerCase());
    assert.ok(extract.nameID && extract.sessionIndex.sessionIndex);
    login = extract;
  }],
  ["login by Redirect, with single sign-on and the same pairwise name", async () => {
    const request = bank.createLoginRequest(idp, "redirect", { relayState: "again" });
    const { extract, steps, relayState } = await answered(request.context, request.id, { label: "redirect" });
    assert.deepEqual(steps, ["decision"]);
    assert.equal(relayState, "again");
    assert.equal(extract.nameID, login.nameID);
    assert.equal(extract.sessionIndex.sessionIndex, login.sessionIndex.sessionIndex);
  }],
  ["ForceAuthn asks for everything again", async () => {
    const request = bank.createLoginRequest(idp, "redirect", { forceAuthn: true });
    const { steps } = await answered(request.context, request.id, { label: "forced" });
    assert.deepEqual(steps.slice(-3), ["pin", "code", "decision"]);
  }],
  ["no is an answer", async () => {
    const request = bank.createLoginRequest(idp, "redirect");
    await assert.rejects(answered(request.context, request.id, { decision: "deny", label: "refusal" }), /status:Responder.*status:(AuthnFailed|RequestDenied)/);
  }],
  ["a query that was changed on its way is not answered", async () => {
    const request = bank.createLoginRequest(idp, "redirect", { relayState: "mine" });
    await assert.rejects(someone.posts(request.context.replace("RelayState=mine", "RelayState=yours"), service.saml.acs), /: 403 CH-/);
  }],
  ["another key is nobody", async () => {
    const { privateKey } = (await import("node:crypto")).generateKeyPairSync("rsa", { modulusLength: 2048, privateKeyEncoding: { type: "pkcs8", format: "pem" }, publicKeyEncoding: { type: "spki", format: "pem" } });
    const request = sp({ privateKey }).createLoginRequest(idp, "post");
    await assert.rejects(someone.posts(form(request, ""), service.saml.acs), /: 403 CH-/);
  }],
  ["an unsigned request is nobody's", async () => {
    const request = sp({ authnRequestsSigned: false }).createLoginRequest(
      samlify.IdentityProvider({ metadata: idp.getMetadata().replace(/ WantAuthnRequestsSigned="[^"]*"/, "") }), "post");
    await assert.rejects(someone.posts(form(request, ""), service.saml.acs), /: 403 CH-/);
  }],
  ["logout by POST", async () => {
    const request = bank.createLogoutRequest(idp, "post", { logoutNameID: login.nameID, sessionIndex: login.sessionIndex.sessionIndex }, { relayState: "bye" });
    const { values } = await someone.posts(form(request, "bye"), home);
    keep("logout", Buffer.from(values.SAMLResponse, "base64"));
    const { extract } = await bank.parseLogoutResponse(idp, "post", { body: values });
    assert.equal(extract.response.inResponseTo, request.id);
    assert.equal(values.RelayState, "bye");
  }],
  ["logout by Redirect, and who left is asked again", async () => {
    const next = bank.createLoginRequest(idp, "redirect");
    const { steps, extract } = await answered(next.context, next.id, { label: "after" });
    assert.deepEqual(steps, ["identifier", "pin", "code", "decision"]);
    const request = bank.createLogoutRequest(idp, "redirect", { logoutNameID: extract.nameID, sessionIndex: extract.sessionIndex.sessionIndex }, { relayState: "bye" });
    const { values } = await someone.posts(request.context, home);
    await bank.parseLogoutResponse(idp, "post", { body: values });
    const silent = bank.createLoginRequest(idp, "redirect");
    const last = await answered(silent.context, silent.id, { label: "last" });
    assert.deepEqual(last.steps, ["identifier", "pin", "code", "decision"]);
  }],
]);
