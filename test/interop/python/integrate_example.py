"""The example for the SOAP doors as the page for integrators shows it, copied from there, with a phone and a PIN filled in and nothing else changed."""
import builtins, html, os, re, sys, tempfile, traceback

import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

TESTER = os.environ["CHAVE_TESTER"]


def door(path, **query):
    return requests.get(TESTER + path, params=query, timeout=60).json()


def code(_):
    return door("/inbox", to=who["phone"])[0]["code"]


who = next(p for p in door("/people") if p["sign_pin"] and p["signing"])
page = requests.get(TESTER + "/integrate/tax", timeout=60).text
shown = [html.unescape(text) for text in re.findall(r"<pre[^>]*>(.*?)</pre>", page, re.S) if "zeep.Client(" in text]
try:
    assert len(shown) == 1, len(shown)
    example = shown[0]
    for blank, value in (('"PHONE"', who["phone"][:4] + " " + who["phone"][4:]), ('"SIGNATURE PIN"', who["sign_pin"])):
        assert example.count(blank) == 1, blank
        example = example.replace(blank, repr(value))
    os.chdir(tempfile.mkdtemp())
    with open("contract.pdf", "wb") as file:
        file.write(b"a contract")
    builtins.input, stdout, sys.stdout = code, sys.stdout, sys.stderr
    ran = {}
    exec(compile(example, "the example", "exec"), ran)
    sys.stdout = stdout
    leaf = x509.load_pem_x509_certificate(ran["chain"].encode())
    leaf.public_key().verify(ran["answer"].Signature, b"a contract", padding.PKCS1v15(), hashes.SHA256())
    print("ok the example signs, and its signature verifies with the person's certificate")
except Exception:
    sys.stdout = sys.__stdout__
    traceback.print_exc()
    print("not ok the example signs")
print("done")
