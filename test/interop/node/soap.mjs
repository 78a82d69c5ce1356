// An application in Node as its author would write it with the soap library, reading the contracts that the server serves, against a demonstration.
import assert from "node:assert/strict";
import { X509Certificate, constants, createHash, createVerify, publicEncrypt, verify } from "node:crypto";
import soap from "soap";
import { door, run } from "./person.mjs";

const issuer = process.env.CHAVE_ISSUER;
const who = (await door("/people")).find((p) => p.sign_pin && p.signing);
const { scmd } = (await door("/services")).find((s) => s.scmd);
const { scmd_cipher } = await door("/certs");
const applicationId = Buffer.from(scmd.application_id).toString("base64");
const phone = `${who.phone.slice(0, 4)} ${who.phone.slice(4)}`;
const prefix = Buffer.from("3031300d060960864801650304020105000420", "hex"); // DigestInfo of SHA-256 (RFC 8017 §9.2)

const sealed = (text) => publicEncrypt({ key: scmd_cipher, padding: constants.RSA_PKCS1_PADDING }, Buffer.from(text)).toString("base64");
const clear = (text) => text;
const digest = (text) => createHash("sha256").update(text).digest();
const hash = (text) => Buffer.concat([prefix, digest(text)]).toString("base64");
const code = async () => (await door(`/inbox?to=${encodeURIComponent(who.phone)}`))[0].code;

async function connect(name) {
  const client = await soap.createClientAsync(`${issuer}/Ama.Authentication.Frontend/${name}.svc?wsdl`);
  client.setSecurity(new soap.BasicAuthSecurity(scmd.user, scmd.password));
  return client;
}

const services = [
  { name: "SCMDService", verb: "SCMD", hide: sealed, more: {}, pinName: "pin", validateMore: {} },
  { name: "CCMovelDigitalSignature", verb: "CCMovel", hide: clear, more: { IsBiometricValidationEnable: false }, pinName: "signaturePin", validateMore: { isBiometric: false } },
];

const checks = [];
for (const s of services) {
  let client;
  const call = async (operation, args) => (await client[`${operation}Async`](args))[0][`${operation}Result`];
  const leaf = async () => {
    const text = await call("GetCertificate", { applicationId, userId: s.hide(phone) });
    const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g);
    assert.equal(blocks.length, 3);
    const [first, root, issuing] = blocks.map((b) => new X509Certificate(b));
    assert.ok(first.verify(issuing.publicKey) && issuing.verify(root.publicKey) && root.verify(root.publicKey), "leaf, root, issuing");
    return first;
  };
  const validate = async (otp, processId) => call("ValidateOtp", { code: s.hide(otp), processId, applicationId, ...s.validateMore });
  checks.push(
    [`${s.name}: contract`, async () => {
      client = await connect(s.name);
      assert.ok(client.GetCertificateAsync && client.ValidateOtpAsync && client.ForceSMSAsync);
    }],
    [`${s.name}: single`, async () => {
      const cert = await leaf();
      const request = { ApplicationId: applicationId, DocName: "lease.pdf", Hash: hash("a lease"), ...s.more, Pin: s.hide(who.sign_pin), UserId: s.hide(phone) };
      const status = await call(`${s.verb}Sign`, { request });
      assert.equal(String(status.Code), "200", JSON.stringify(status));
      const answer = await validate(await code(), status.ProcessId);
      assert.equal(String(answer.Status.Code), "200");
      const signature = Buffer.from(answer.Signature, "base64");
      assert.equal(signature.length, 384);
      assert.ok(verify("sha256", Buffer.from("a lease"), cert.publicKey, signature));
      signature[100] ^= 1;
      assert.ok(!verify("sha256", Buffer.from("a lease"), cert.publicKey, signature));
    }],
    [`${s.name}: batch`, async () => {
      const cert = await leaf();
      const names = ["a.pdf", "b.pdf", "c.pdf"];
      const request = { ApplicationId: applicationId, ...s.more, Pin: s.hide(who.sign_pin), UserId: s.hide(phone) };
      const documents = { HashStructure: names.map((n, i) => ({ Hash: hash(n), Name: n, id: String(i) })) };
      const status = await call(`${s.verb}MultipleSign`, { request, documents });
      assert.equal(String(status.Code), "200", JSON.stringify(status));
      const answer = await validate(await code(), status.ProcessId);
      const got = answer.ArrayOfHashStructure.HashStructure;
      assert.deepEqual(got.map((g) => g.Name), names);
      got.forEach((g, i) => assert.ok(createVerify("sha256").update(names[i]).verify(cert.publicKey, Buffer.from(g.Hash, "base64"))));
    }],
    [`${s.name}: certificate with PIN`, async () => {
      const status = await call("GetCertificateWithPin", { applicationId, userId: s.hide(phone), [s.pinName]: s.hide(who.sign_pin) });
      assert.equal(String(status.Code), "200", JSON.stringify(status));
      const answer = await validate(await code(), status.ProcessId);
      assert.equal(answer.certificate, await call("GetCertificate", { applicationId, userId: s.hide(phone) }));
    }],
    [`${s.name}: wrong code`, async () => {
      const request = { ApplicationId: applicationId, DocName: "x.pdf", Hash: hash("x"), ...s.more, Pin: s.hide(who.sign_pin), UserId: s.hide(phone) };
      const status = await call(`${s.verb}Sign`, { request });
      const right = await code();
      const answer = await validate(right === "000000" ? "000001" : "000000", status.ProcessId);
      assert.equal(String(answer.Status.Code), "802");
    }],
  );
}

await run(checks);
