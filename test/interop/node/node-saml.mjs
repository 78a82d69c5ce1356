// A service of the Portuguese administration in Node, with node-saml set as its owner would set it for Autenticação.Gov: only addresses, key and
// certificate are ours. It asks by CMD's extensions and reads CMD's answers.
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { SAML, ValidateInResponseTo } from "@node-saml/node-saml";
import { signSamlPost } from "@node-saml/node-saml/lib/saml-post-signing.js";
import { Person, door, firstForm, keep, run } from "./person.mjs";

const issuer = process.env.CHAVE_ISSUER;
const service = (await door("/services")).find((s) => s.saml?.wire === "fa");
const { saml_idp } = await door("/certs");
const people = await door("/people");
const citizen = people.find((p) => p.phone && p.pin && p.documents[0].type === "citizen_card");
const foreigner = people.find((p) => p.phone && p.pin && p.documents[0].type === "passport");
const home = new URL(service.saml.acs).origin;

const name = (last) => `http://interop.gov.pt/MDC/Cidadao/${last}`;
const fa = "http://autenticacao.cartaodecidadao.pt/";

// The extensions of one request. A name that ends in ? is optional.
const asks = (names, level = 3) => ({
  "fa:RequestedAttributes": {
    "@xmlns:fa": `${fa}atributos`,
    "fa:RequestedAttribute": names.map((n) => ({
      "@Name": name(n.replace("?", "")),
      "@NameFormat": "urn:oasis:names:tc:SAML:2.0:attrname-format:uri",
      "@isRequired": n.endsWith("?") ? "False" : "True",
    })),
  },
  "fa:FAAALevel": { "@xmlns:fa": `${fa}atributos`, "#text": String(level) },
  "fa:AuthTabPresentationPolicies": { "@xmlns:fa": `${fa}presentationpolicy`, "fa:defaultSelectedAuthTab": { "@TabId": "CMD" }, "fa:hideAuthTab": { "@TabId": "CC" } },
});

const client = (extensions, more = {}) =>
  new SAML({
    entryPoint: `${issuer}/fa/Default.aspx`,
    callbackUrl: service.saml.acs,
    issuer: service.saml.issuer,
    idpIssuer: issuer,
    idpCert: saml_idp,
    privateKey: service.saml.key,
    publicCert: service.saml.certificate,
    signatureAlgorithm: "sha256",
    digestAlgorithm: "sha256",
    authnRequestBinding: "HTTP-POST",
    skipRequestCompression: true,
    wantAuthnResponseSigned: true,
    wantAssertionsSigned: false,
    validateInResponseTo: ValidateInResponseTo.always,
    forceAuthn: false,
    samlAuthnRequestExtensions: extensions,
    ...more,
  });

// The service's page that posts itself.
const begin = async (saml, relayState) => ({ ...firstForm({ url: home, text: await saml.getAuthorizeFormAsync(relayState) }), origin: home });

// One sign-in; the answer is kept for other judges before the library sees it.
async function signIn(person, saml, { relayState = "", decision, label } = {}) {
  const form = await person.posts(await begin(saml, relayState), service.saml.acs, decision);
  keep(label, Buffer.from(form.values.SAMLResponse, "base64"));
  assert.equal(form.values.RelayState, relayState);
  return { ...form, ...(await saml.validatePostResponseAsync(form.values)) };
}

const attribute = (xml, n) => new RegExp(`<Attribute [^>]*Name="${name(n)}"[^>]*?(/>|>[\\s\\S]*?</Attribute>)`).exec(xml)?.[0] ?? "";
const signedIn = async (origin) => {
  const answer = await someone.open(`${issuer}/FA/IsUserAuthenticated.aspx?_=1`, "none", undefined, undefined, { origin });
  return answer.text;
};

const someone = new Person(citizen);
let profile;

await run([
  ["the FA's certificate can be read, is in its metadata, and is not the connection's", async () => {
    assert.equal(new X509Certificate(saml_idp).publicKey.asymmetricKeyDetails.modulusLength, 2048);
    assert.notEqual(saml_idp, (await door("/certs")).tls_ca);
    const metadata = await (await fetch(`${issuer}/fa/metadata`)).text();
    assert.ok(metadata.includes(saml_idp.replace(/-----[^-]*-----|\s/g, "")));
    keep("metadata", metadata);
  }],
  ["a citizen signs in at level 3 and is known by NIC and name", async () => {
    const relayState = Buffer.from("/caixa?de=entrada&x=<1>").toString("base64");
    const got = await signIn(someone, client(asks(["NIC", "NomeCompleto", "NomeApelido?"])), { relayState, label: "citizen" });
    profile = got.profile;
    assert.deepEqual(got.steps, ["identifier", "pin", "code", "decision"]);
    assert.equal(profile.issuer, issuer);
    assert.equal(profile.attributes[name("NIC")], citizen.documents[0].number.slice(0, 8));
    assert.equal(profile.attributes[name("NomeCompleto")].toLowerCase(), citizen.name.toLowerCase());
    assert.equal(profile.nameID, "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified");
  }],
  ["§1.6.2 what was not shared is Withheld, and the answer is spelt as clients expect", async () => {
    const xml = profile.getSamlResponseXml();
    assert.match(attribute(xml, "NomeApelido"), /d4p1:AttributeStatus="Withheld"/);
    assert.match(attribute(xml, "NIC"), /d4p1:AttributeStatus="Available"[^>]*><AttributeValue xsi:type="xsd:string">\d{8}<\/AttributeValue>/);
    assert.match(xml, /<Extensions><fa:FAAALevel [^>]*>3<\/fa:FAAALevel><\/Extensions>/);
    assert.match(xml, /^<Response [\s\S]*?<\/Issuer><(?:ds:)?Signature /);
  }],
  ["§1.5.3 who is signed in is asked only to share, and the probe says so", async () => {
    assert.equal(await signedIn(home), "1");
    assert.equal(await signedIn("https://elsewhere.example"), "0");
    const got = await signIn(someone, client(asks(["NIC"])), { label: "again" });
    assert.deepEqual(got.steps, ["decision"]);
  }],
  ["ForceAuthn asks for everything again", async () => {
    const got = await signIn(someone, client(asks(["NIC"]), { forceAuthn: true }), { label: "forced" });
    assert.deepEqual(got.steps.slice(-3), ["pin", "code", "decision"]);
  }],
  ["§1.6.4 no is an answer, in the words that clients compare", async () => {
    const refusal = "urn:oasis:names:tc:SAML:2.0:status:AuthnFailed (User has canceled the process of obtaining attributes).";
    await assert.rejects(signIn(someone, client(asks(["NIC", "NomeCompleto"])), { relayState: "r", decision: "deny", label: "refusal" }), (e) => {
      assert.equal(e.message, `SAML provider returned Responder error: ${refusal}`);
      return true;
    });
  }],
  ["§1.9.2 one request for everybody: a passport holder is known by document, without NIC", async () => {
    const got = await signIn(new Person(foreigner), client(asks(["NIC", "NomeCompleto", "DocType", "DocNationality", "DocNumber"])), { label: "passport" });
    const { attributes } = got.profile;
    assert.equal(attributes[name("DocType")], "PAS");
    assert.match(attributes[name("DocNationality")], /^[A-Z]{2}$/);
    assert.equal(attributes[name("DocNumber")], foreigner.documents[0].number);
    assert.equal(attributes[name("NIC")], undefined);
    assert.match(attribute(got.profile.getSamlResponseXml(), "NIC"), /AttributeStatus="NotAvailable"/);
  }],
  ["§1.6.5 a request for nothing is told so", async () => {
    const saml = client({ "fa:FAAALevel": { "@xmlns:fa": `${fa}atributos`, "#text": "3" } });
    await assert.rejects(signIn(someone, saml, { label: "nothing" }), /Requester error: .*InvalidAttrNameOrValue/);
  }],
  ["a request that was changed on its way is not answered", async () => {
    const form = await begin(client(asks(["NIC"])), "");
    const changed = Buffer.from(form.values.SAMLRequest, "base64").toString().replace(/>3<\/fa:FAAALevel>/, ">2</fa:FAAALevel>");
    form.values.SAMLRequest = Buffer.from(changed).toString("base64");
    await assert.rejects(someone.posts(form, service.saml.acs), /: 403 CH-/);
  }],
  ["§1.7.2 SHA-1 is not enough for who is not registered for it", async () => {
    const form = await begin(client(asks(["NIC"]), { signatureAlgorithm: "sha1", digestAlgorithm: "sha1" }), "");
    await assert.rejects(someone.posts(form, service.saml.acs), /: 403 CH-/);
  }],
  ["§1.7.2 SHA-512 is", async () => {
    await signIn(someone, client(asks(["NIC"]), { signatureAlgorithm: "sha512", digestAlgorithm: "sha512" }), { label: "sha512" });
  }],
  ["the same request twice is refused", async () => {
    const saml = client(asks(["NIC"]));
    const form = await begin(saml, "");
    await someone.posts(form, service.saml.acs);
    const again = await someone.posts(form, service.saml.acs);
    await assert.rejects(saml.validatePostResponseAsync(again.values), /Requester error: .*RequestDenied/);
  }],
  ["§1.8 logout ends the session and says so", async () => {
    // The library looks for InResponseTo in sign-in answers only.
    const saml = client(asks(["NIC"]), { validateInResponseTo: ValidateInResponseTo.ifPresent });
    const request = signSamlPost(
      await saml._generateLogoutRequest(profile),
      "/*[local-name(.)='LogoutRequest']",
      { privateKey: service.saml.key, publicCert: service.saml.certificate, signatureAlgorithm: "sha256", digestAlgorithm: "sha256" },
    );
    const values = { SAMLRequest: Buffer.from(request).toString("base64"), RelayState: "bye" };
    const answer = await someone.posts({ action: `${issuer}/fa/Default.aspx`, values, origin: home }, home);
    const said = Buffer.from(answer.values.SAMLResponse, "base64").toString();
    keep("logout", said);
    assert.equal(/InResponseTo="([^"]*)"/.exec(said)[1], /ID="([^"]*)"/.exec(request)[1]);
    assert.match(said, /<StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success" ?\/>/);
    assert.deepEqual(await saml.validatePostResponseAsync(answer.values), { profile: null, loggedOut: true });
    assert.equal(answer.values.RelayState, "bye");
    assert.equal(await signedIn(home), "0");
    const { steps } = await signIn(someone, client(asks(["NIC"])), { label: "after" });
    assert.deepEqual(steps, ["identifier", "pin", "code", "decision"]);
  }],
]);
