"""Compares what TLSCertificate reads with the openssl command and with Python's cryptography."""

import base64
import collections
import datetime
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import warnings

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtensionOID

warnings.simplefilter("ignore")
PROGRAM = os.path.abspath(sys.argv[1])
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
BLOCK = re.compile("-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", re.S)
EPOCH = datetime.datetime(1970, 1, 1)


def run(*command, text=None):
    return subprocess.run(command, input=text, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=True).stdout


# Certificates of the openssl command: a name, the subject, lines of extensions, and more arguments.
EC = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
ODD = [
    ("no common name", "/O=Example/C=DE", [], []),
    ("empty subject", "/", ["subjectAltName=critical,DNS:only.example"], []),
    ("many names", "/CN=many", ["subjectAltName=" + ",".join(f"DNS:h{n}.example,IP:2001:db8::{n:x}" for n in range(400))], []),
    ("IPv6", "/CN=v6", ["subjectAltName=IP:::1,IP:::,IP:2001:db8::1:0:0:1,IP:::ffff:192.0.2.1,IP:1:0:0:2:0:0:0:3"], []),
    ("serial of 20 bytes", "/CN=long", [], ["-set_serial", "0x7f" + "e1" * 19]),
    ("serial with its first bit set", "/CN=high", [], ["-set_serial", "0x80" + "00" * 19]),
    ("serial of 40 bytes", "/CN=longer", [], ["-set_serial", "0x" + "9c" * 40]),
    ("serial zero", "/CN=zero", [], ["-set_serial", "0"]),
    ("serial negative", "/CN=negative", [], ["-set_serial", "-77777777777777777777"]),
    ("serial -128", "/CN=minus", [], ["-set_serial", "-128"]),
    ("beyond 2050", "/CN=far", [], ["-days", "36500"]),
    ("beyond 2500", "/CN=farther", [], ["-days", "200000"]),
    ("unknown extensions", "/CN=unknown", ["1.2.3.4.5.6=ASN1:UTF8String:hi", "1.3.6.1.4.1.32473.9=critical,DER:0500"], []),
    ("several attributes in one name", "/C=DE/O=A+OU=B+serialNumber=7/CN=x+emailAddress=a@b.example", [], ["-multivalue-rdn"]),
    ("components of a domain", "/DC=org/DC=example/UID=jo/CN=Jo", [], []),
    ("escapes", '/O=a, b; "c" <d> \\\\ e/OU=#x/OU= y /CN=1\\+1=2', [], []),
    ("not ASCII", "/CN=Ωμέγα 日本語 🔒/O=Zoë", [], ["-utf8"]),
    ("a line end", "/CN=a\nb\x1b[1m", [], ["-utf8"]),
    ("a mark of direction", "/CN=a\u202eb", [], ["-utf8"]),
    ("extended attributes", "/businessCategory=Private/jurisdictionC=US/1.3.6.1.4.1.32473.4=private/CN=ev", [], []),
    ("all usages", "/CN=all", ["keyUsage=digitalSignature,nonRepudiation,keyEncipherment,dataEncipherment,keyAgreement,keyCertSign,cRLSign,encipherOnly,decipherOnly"], []),
    ("decipherOnly", "/CN=last", ["keyUsage=critical,keyAgreement,decipherOnly"], []),
    ("purposes", "/CN=purposes", ["extendedKeyUsage=critical,serverAuth,clientAuth,codeSigning,emailProtection,timeStamping,OCSPSigning,anyExtendedKeyUsage,1.3.6.1.4.1.32473.5"], []),
    ("authority", "/CN=ca", ["basicConstraints=critical,CA:TRUE"], []),
    ("authority with path length 0", "/CN=ca0", ["basicConstraints=critical,CA:TRUE,pathlen:0"], []),
    ("authority with path length 300", "/CN=ca300", ["basicConstraints=CA:TRUE,pathlen:300"], []),
    ("must-staple", "/CN=staple", ["tlsfeature=status_request"], []),
    ("another feature", "/CN=feature", ["tlsfeature=status_request_v2"], []),
    ("both features", "/CN=features", ["tlsfeature=status_request_v2,status_request"], []),
    ("names of every kind", "/CN=kinds", ["subjectAltName=email:a@b.example,URI:https://example/?q=1,DNS:*.w.example,RID:1.2.3.4,otherName:1.2.3.4;UTF8:x,dirName:dn", "[dn]", "O=Dir", "CN=Name"], []),
    ("a repeated name", "/CN=twice", ["subjectAltName=DNS:a.example,DNS:a.example,DNS:A.EXAMPLE"], []),
    ("an encoded name", "/CN=xn--bcher-kva.example", ["subjectAltName=DNS:xn--bcher-kva.example,DNS:_srv.example,DNS:end.example."], []),
    ("a NUL in a name", "/CN=nul", ["subjectAltName=DER:3011820f676f6f642e6578616d706c65002e78"], []),
    ("policies and constraints", "/CN=policies", ["certificatePolicies=1.2.3.4,2.23.140.1.2.1", "nameConstraints=permitted;DNS:example", "basicConstraints=CA:TRUE"], []),
    ("RSA", "/CN=rsa", [], ["-newkey", "rsa:2048"]),
    ("RSA of an odd size", "/CN=rsa", [], ["-newkey", "rsa:2056"]),
    ("RSA-PSS", "/CN=pss", [], ["-newkey", "rsa-pss", "-pkeyopt", "rsa_keygen_bits:2048"]),
    ("P-521", "/CN=p521", [], ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-521"]),
    ("secp256k1", "/CN=k1", [], ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:secp256k1"]),
    ("brainpool", "/CN=bp", [], ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:brainpoolP384r1"]),
    ("explicit parameters", "/CN=explicit", [], EC + ["-pkeyopt", "ec_param_enc:explicit"]),
    ("Ed25519", "/CN=ed", [], ["-newkey", "ed25519"]),
    ("Ed448", "/CN=ed448", [], ["-newkey", "ed448"]),
]
# Kinds of string, by libcrypto's masks.
STRINGS = [("BMPString", 0x800, "Ωμ"), ("T61String", 0x4, "Zoë"), ("UniversalString", 0x100, "Ω"), ("PrintableString", 0x2, "Plain")]


def mint(directory):
    """Certificates of the openssl command, as pairs of a name and PEM."""
    minted = []

    def request(name, subject, lines, arguments, mask="utf8only"):
        path = os.path.join(directory, "config")
        with open(path, "w") as file:
            file.write(f"[req]\ndistinguished_name=dn0\nx509_extensions=v3\nstring_mask={mask}\n[dn0]\n[v3]\n" + "\n".join(lines))
        key = [] if "-newkey" in arguments else EC
        pem = run("openssl", "req", "-x509", "-nodes", "-keyout", "/dev/null", "-config", path, "-subj", subject, *key, *arguments)
        minted.append((f"openssl: {name}", pem))

    for name, subject, lines, arguments in ODD:
        request(name, subject, lines, arguments)
    for name, mask, value in STRINGS:
        request(name, f"/CN={value}", [], ["-utf8"], f"MASK:{mask:#x}")
    # A certificate of version 1, without extensions.
    path = os.path.join(directory, "request")
    with open(path, "w") as file:
        file.write(run("openssl", "req", "-new", "-nodes", "-keyout", path + ".key", "-subj", "/CN=v1", *EC))
    minted.append(("openssl: version 1", run("openssl", "x509", "-req", "-in", path, "-signkey", path + ".key")))
    return minted


def ordered(names):
    """A name without the order of attributes within a relative name, which cryptography does not keep."""
    return [sorted(attributes, key=str) for attributes in names]


def by_openssl(pem):
    """The fields that the openssl command prints."""
    out = run(
        "openssl", "x509", "-noout", "-subject", "-issuer", "-serial", "-dates", "-dateopt", "iso_8601", "-fingerprint",
        "-sha256", "-nameopt", "RFC2253,-esc_msb", text=pem)
    # The command divides a long serial number into lines.
    fields = dict(line.split("=", 1) for line in out.replace("\\\n", "").splitlines() if "=" in line)

    def seconds(text):
        year, month, day, hour, minute, second = map(int, re.findall(r"\d+", text))
        return int((datetime.datetime(year, month, day, hour, minute, second) - EPOCH).total_seconds())

    text = run("openssl", "x509", "-noout", "-text", text=pem)
    public = run("openssl", "x509", "-noout", "-pubkey", text=pem)
    spki = base64.b64decode("".join(public.splitlines()[1:-1]))
    read = {
        "subject": fields["subject"].strip(), "issuer": fields["issuer"].strip(), "serial": fields["serial"],
        "not_before": seconds(fields["notBefore"]), "not_after": seconds(fields["notAfter"]),
        "sha256": next(v for k, v in fields.items() if k.lower().startswith("sha256")).replace(":", "").lower(),
        "spki": spki.hex(), "spki_sha256": hashlib.sha256(spki).hexdigest(),
    }
    size = re.search(r"Public-Key: \((\d+) bit", text)
    if size:
        read["key_bits"] = int(size[1])
    names = re.search(r"X509v3 Subject Alternative Name:[^\n]*\n\s*([^\n]*)", text)
    # The command writes a name with a NUL up to the NUL, as if it were the shorter one.
    if "820f676f6f642e6578616d706c6500" not in base64.b64decode("".join(pem.splitlines()[1:-1])).hex() and "\0" not in text:
        read["dns"] = re.findall(r"DNS:([^,]*)", names[1]) if names else []
    return read


def by_cryptography(pem):
    """The fields that Python's cryptography reads, and those that it refuses to read."""
    certificate = x509.load_pem_x509_certificate(pem.encode())
    read, refused = {}, []

    def field(name, get):
        try:
            read[name] = get()
        except Exception as error:
            refused.append(f"{name} ({type(error).__name__})")

    def names(name):
        return ordered([[[a.oid.dotted_string, a.value] for a in rdn] for rdn in name.rdns])

    def extension(oid, get, absent):
        try:
            return get(certificate.extensions.get_extension_for_oid(oid).value)
        except x509.ExtensionNotFound:
            return absent

    def alternative(kind):
        return lambda: extension(
            ExtensionOID.SUBJECT_ALTERNATIVE_NAME, lambda v: [str(x) for x in v.get_values_for_type(kind)], [])

    def usage(value):
        agreement = value.key_agreement
        bits = [
            value.digital_signature, value.content_commitment, value.key_encipherment, value.data_encipherment, agreement,
            value.key_cert_sign, value.crl_sign, agreement and value.encipher_only, agreement and value.decipher_only]
        return sum(bit << index for index, bit in enumerate(bits))

    spki = lambda: certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    field("subject_names", lambda: names(certificate.subject))
    field("issuer_names", lambda: names(certificate.issuer))
    field("serial_number", lambda: certificate.serial_number)
    field("not_before", lambda: int((certificate.not_valid_before - EPOCH).total_seconds()))
    field("not_after", lambda: int((certificate.not_valid_after - EPOCH).total_seconds()))
    field("dns", alternative(x509.DNSName))
    field("addresses", alternative(x509.IPAddress))
    field("uris", alternative(x509.UniformResourceIdentifier))
    field("mail", alternative(x509.RFC822Name))
    field("key_bits", lambda: certificate.public_key().key_size)
    field("spki_sha256", lambda: hashlib.sha256(spki()).hexdigest())
    field("key_usage", lambda: extension(ExtensionOID.KEY_USAGE, usage, None))
    field("purposes", lambda: extension(ExtensionOID.EXTENDED_KEY_USAGE, lambda v: [x.dotted_string for x in v], None))
    field("is_authority", lambda: extension(ExtensionOID.BASIC_CONSTRAINTS, lambda v: v.ca, False))
    field("path_length", lambda: extension(ExtensionOID.BASIC_CONSTRAINTS, lambda v: v.path_length, None))
    field("requires_staple", lambda: extension(
        ExtensionOID.TLS_FEATURE, lambda v: x509.TLSFeatureType.status_request in v, False))
    field("timestamps", lambda: extension(
        ExtensionOID.PRECERT_SIGNED_CERTIFICATE_TIMESTAMPS,
        lambda v: [[t.log_id.hex(), round((t.timestamp - EPOCH).total_seconds() * 1000)] for t in v], []))
    field("extensions", lambda: [[e.oid.dotted_string, e.critical] for e in certificate.extensions])
    return read, refused


def main():
    with open(BUNDLE) as file:
        certificates = [("bundle", pem) for pem in BLOCK.findall(file.read())]
    in_bundle = len(certificates)
    kit = run(PROGRAM, "mint")
    certificates += [(name, pem) for name, pem in re.findall(r"# ([^\n]*)\n(-----BEGIN.*?-----END CERTIFICATE-----\n)", kit, re.S)]
    with tempfile.TemporaryDirectory() as directory:
        certificates += mint(directory)
    ours = [json.loads(line) for line in run(PROGRAM, text="".join(pem for _, pem in certificates)).splitlines()]
    assert len(ours) == len(certificates), (len(ours), len(certificates))
    differences, refusals, compared = [], collections.Counter(), 0

    for (name, pem), mine in zip(certificates, ours):
        mine["serial_number"] = int.from_bytes(bytes.fromhex(mine["serial_bytes"]), "big", signed=True)
        theirs = [("openssl", by_openssl(pem), mine)]
        try:
            read, refused = by_cryptography(pem)
            theirs.append(("cryptography", read, dict(
                mine, extensions=[e[:2] for e in mine["extensions"]], subject_names=ordered(mine["subject_names"]),
                issuer_names=ordered(mine["issuer_names"]))))
            for field in refused:
                refusals[field] += 1
        except Exception as error:
            refusals[f"the certificate: {name} ({type(error).__name__})"] += 1
        for reader, read, own in theirs:
            for field, value in read.items():
                compared += 1
                if own[field] != value and (name, reader, field) not in EXPECTED:
                    differences.append(f"{name}: {field}: {own[field]!r}, but {reader} reads {value!r}")
    print(f"certificates: {in_bundle} of {BUNDLE}, {len(certificates) - in_bundle} odd ones; {compared} fields compared")
    for field, count in sorted(refusals.items()):
        print(f"certificates: cryptography does not read {field}: {count}")
    for difference in differences:
        print(f"certificates: DIFFERENT: {difference}")
    return 1 if differences else 0


# Differences that are meant, each with its reason.
EXPECTED = {
    # A name with a NUL is no name here; the command prints it, and cryptography returns it.
    ("kit nulInName", "openssl", "dns"), ("kit nulInName", "cryptography", "dns"),
    ("openssl: a NUL in a name", "openssl", "dns"), ("openssl: a NUL in a name", "cryptography", "dns"),
    # cryptography writes the key anew, as one of the type RSA.
    ("openssl: RSA-PSS", "cryptography", "spki_sha256"),
    # The command writes such a character as it is.
    ("openssl: a mark of direction", "openssl", "subject"), ("openssl: a mark of direction", "openssl", "issuer"),
}

if __name__ == "__main__":
    sys.exit(main())
