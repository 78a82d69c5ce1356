"""An application in Python as its author would write it with zeep (strict), reading the contracts that the server serves, against a demonstration."""
import base64, hashlib, os, sys, traceback

import requests
import zeep
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

TESTER, ISSUER = os.environ["CHAVE_TESTER"], os.environ["CHAVE_ISSUER"]
BASE = ISSUER + "/Ama.Authentication.Frontend/"
PREFIX = bytes.fromhex("3031300d060960864801650304020105000420")  # DigestInfo of SHA-256 (RFC 8017 §9.2)


def door(path, **query):
    return requests.get(TESTER + path, params=query, timeout=60).json()


who = next(p for p in door("/people") if p["sign_pin"] and p["signing"])
service = next(s for s in door("/services") if s.get("scmd"))["scmd"]
application = service["application_id"].encode()
cipher = x509.load_pem_x509_certificate(door("/certs")["scmd_cipher"].encode()).public_key()
phone = who["phone"][:4] + " " + who["phone"][4:]


def client(name, basic=True):
    session = requests.Session()
    if basic:
        session.auth = (service["user"], service["password"])
    return zeep.Client(BASE + name + "?wsdl", transport=zeep.Transport(session=session, timeout=30, operation_timeout=30), settings=zeep.Settings(strict=True))


def sealed(text):
    return base64.b64encode(cipher.encrypt(text.encode(), padding.PKCS1v15())).decode()


def code():
    message = door("/inbox", to=who["phone"])[0]
    return message["code"], message["text"]


def digest(text):
    return hashlib.sha256(text.encode()).digest()


def verify(certificate, signature, hashed):
    certificate.public_key().verify(signature, hashed, padding.PKCS1v15(), Prehashed(hashes.SHA256()))


def chain(text):
    assert not text.endswith("\n") and "\r" not in text
    blocks = [b + "-----END CERTIFICATE-----" for b in text.split("-----END CERTIFICATE-----") if b.strip()]
    all_ = [x509.load_pem_x509_certificate(b.strip().encode()) for b in blocks]
    assert len(all_) == 3, len(all_)
    leaf, root, issuing = all_
    assert root.subject == root.issuer and issuing.issuer == root.subject and leaf.issuer == issuing.subject, "leaf, root, issuing"
    return leaf


def wrong(right):
    return "000000" if right != "000000" else "000001"


class SCMD:
    """SCMDService: fields are encrypted."""
    name, namespace, hide = "SCMDService.svc", "SCMD", staticmethod(sealed)
    more = {}

    def __init__(self):
        self.client = client(self.name)
        self.call = self.client.service

    def sign(self, hashed, name="contract.pdf", pin=None):
        request = {"ApplicationId": application, "DocName": name, "Hash": PREFIX + hashed, "Pin": self.hide(pin or who["sign_pin"]), "UserId": self.hide(phone), **self.more}
        return getattr(self.call, self.namespace + "Sign")(request=request)

    def many(self, documents, pin=None):
        request = {"ApplicationId": application, "Pin": self.hide(pin or who["sign_pin"]), "UserId": self.hide(phone), **self.more}
        return getattr(self.call, self.namespace + "MultipleSign")(request=request, documents={"HashStructure": documents})

    def certificate(self):
        return self.call.GetCertificate(applicationId=application, userId=self.hide(phone))

    def certificate_with_pin(self):
        return self.call.GetCertificateWithPin(applicationId=application, userId=self.hide(phone), pin=self.hide(who["sign_pin"]))

    def validate(self, code, process):
        return self.call.ValidateOtp(code=self.hide(code), processId=process, applicationId=application)

    def force(self, process):
        return self.call.ForceSMS(processId=process, citizenId=self.hide(phone), applicationId=application)


class CCMovel(SCMD):
    """CCMovelDigitalSignature: the older service, fields in clear."""
    name, namespace, hide = "CCMovelDigitalSignature.svc", "CCMovel", staticmethod(lambda text: text)
    more = {"IsBiometricValidationEnable": False}

    def certificate_with_pin(self):
        return self.call.GetCertificateWithPin(applicationId=application, userId=phone, signaturePin=who["sign_pin"])

    def validate(self, code, process):
        return self.call.ValidateOtp(code=code, processId=process, applicationId=application, isBiometric=False)


def single(s):
    leaf = chain(s.certificate())
    hashed = digest("one contract")
    status = s.sign(hashed)
    assert status.Code == "200" and status.ProcessId and status.Message, status
    otp, text = code()
    assert "contract.pdf" in text, text
    answer = s.validate(otp, status.ProcessId)
    assert answer.Status.Code == "200" and answer.certificate is None, answer.Status
    assert not (answer.ArrayOfHashStructure and answer.ArrayOfHashStructure.HashStructure)
    verify(leaf, answer.Signature, hashed)
    try:
        verify(leaf, answer.Signature, digest("another contract"))
        raise AssertionError("a signature fits two documents")
    except InvalidSignature:
        pass
    again = s.validate(otp, status.ProcessId)
    assert again.Status.Code == "200" and again.Signature == answer.Signature, "a lost answer can be asked for again"


def batch(s):
    leaf = chain(s.certificate())
    texts = [f"contract {i}" for i in range(100)]
    status = s.many([{"Hash": PREFIX + digest(t), "Name": t + ".pdf", "id": str(i)} for i, t in enumerate(texts)])
    assert status.Code == "200", status
    answer = s.validate(code()[0], status.ProcessId)
    assert answer.Status.Code == "200" and answer.Signature is None, answer.Status
    got = answer.ArrayOfHashStructure.HashStructure
    assert [g.id for g in got] == [str(i) for i in range(100)] and [g.Name for g in got] == [t + ".pdf" for t in texts]
    for g, t in zip(got, texts):
        verify(leaf, g.Hash, digest(t))


def too_many(s):
    status = s.many([{"Hash": PREFIX + digest(str(i)), "Name": str(i), "id": str(i)} for i in range(101)])
    assert status.Code == "900", status


def certificate_with_pin(s):
    status = s.certificate_with_pin()
    assert status.Code == "200", status
    answer = s.validate(code()[0], status.ProcessId)
    assert answer.Signature is None
    assert chain(answer.certificate) == chain(s.certificate())


def force_sms(s):
    status = s.sign(digest("sent twice"))
    first, _ = code()
    assert requests.post(TESTER + "/clock", json={"advance": "31s"}, timeout=30).ok
    forced = s.force(status.ProcessId)
    assert forced.Code == "200" and forced.ProcessId == status.ProcessId, forced
    second, _ = code()
    if first != second:
        assert s.validate(first, status.ProcessId).Status.Code == "802", "the first code is void"
    assert s.validate(second, status.ProcessId).Status.Code == "200"


def wrong_pin(s):
    before = len(door("/inbox", to=who["phone"]))
    status = s.sign(digest("never"), pin="75319864" if who["sign_pin"] != "75319864" else "75319846")
    assert status.Code == "801", status  # zeep reads the empty process id as None
    assert len(door("/inbox", to=who["phone"])) == before, "no code goes out for a wrong PIN"
    single(s)  # the right one gives the tries back


def wrong_code(s):
    status = s.sign(digest("three tries"))
    otp, _ = code()
    for _ in range(3):
        assert s.validate(wrong(otp), status.ProcessId).Status.Code == "802"
    dead = s.validate(otp, status.ProcessId)
    assert dead.Status.Code != "200" and dead.Signature is None, "three wrong codes end it"


def polling(s):
    leaf = chain(s.certificate())
    hashed = digest("polled for")
    status = s.sign(hashed)
    poll = lambda: s.call.SignDocumentPooling(applicationId=application, processId=status.ProcessId)
    pending = poll()
    assert 0 < int(pending.Status.Code) < 1000 and pending.Status.Code != "200" and pending.Signature is None, pending.Status
    assert s.validate(code()[0], status.ProcessId).Status.Code == "200"
    verify(leaf, poll().Signature, hashed)


def nobody(s):
    strange = s.call.GetCertificate(applicationId=application, userId=s.hide("+351 929000000"))
    assert strange is None, strange


def basic(_):
    plain = client("SCMDService.svc", basic=False)
    try:
        plain.service.GetCertificate(applicationId=application, userId=sealed(phone))
        raise AssertionError("no password was asked for")
    except zeep.exceptions.TransportError as e:
        assert e.status_code == 401, e


checks = [(f"{s.name}: {c.__name__}", s, c) for s in (SCMD, CCMovel) for c in (single, batch, too_many, certificate_with_pin, force_sms, wrong_pin, wrong_code, nobody)]
checks += [("CCMovelDigitalSignature.svc: polling", CCMovel, polling), ("SCMDService.svc: basic", SCMD, basic)]
built = {}
for name, service_, check in checks:
    try:
        if service_ not in built:
            built[service_] = service_()
        check(built[service_])
        print("ok", name)
    except Exception:
        print("not ok", name)
        traceback.print_exc()
print("done")
