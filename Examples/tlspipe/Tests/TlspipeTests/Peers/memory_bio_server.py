"""A TLS server over standard input and output: answers each chunk of plaintext in upper case.

Arguments: certificate file, key file, TLS version (1.2 or 1.3).
"""
import ssl
import sys

from memory_bio import Pipe

context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
context.minimum_version = context.maximum_version = {
    "1.2": ssl.TLSVersion.TLSv1_2,
    "1.3": ssl.TLSVersion.TLSv1_3,
}[sys.argv[3]]

tls = Pipe(context, 0, 1, server_side=True)
tls.do_handshake()
while data := tls.read():
    tls.write(data.upper())
tls.close_notify()
