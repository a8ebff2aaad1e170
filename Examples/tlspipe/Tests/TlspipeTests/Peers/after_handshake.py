"""A side of TLS that prints what it knows of each connection, for comparison with the other side.

after_handshake.py client PORT NAME VERSION CA [CERTIFICATE KEY]     connects twice, the second time with the session
after_handshake.py server CERTIFICATE KEY VERSION [CLIENT-CA]        prints its port first, and serves one connection

Each side prints a line of words: whether the connection is resumed, tls-unique in hexadecimal, and on a client the
SHA-256 of the server's certificate. A client writes "hello", and ends when the server does. A server with a CLIENT-CA
reads a line, then asks for the client's certificate, sends "asked", reads a line, and prints the subject.
"""
import hashlib
import socket
import ssl
import sys

VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


def words(tls):
    reported = [str(tls.session_reused), tls.get_channel_binding("tls-unique").hex()]
    if certificate := tls.getpeercert(True):
        reported.append(hashlib.sha256(certificate).hexdigest())
    print(*reported, flush=True)


def line(tls):
    text = b""
    while not text.endswith(b"\n"):
        piece = tls.recv(4096)
        if not piece:
            break
        text += piece
    return text.decode()


def client(port, name, version, authority, *identity):
    context = ssl.create_default_context(cafile=authority)
    context.minimum_version = context.maximum_version = VERSIONS[version]
    if identity:
        context.load_cert_chain(*identity)
        context.post_handshake_auth = True
    session = None
    for _ in range(1 if identity else 2):
        with socket.create_connection(("127.0.0.1", int(port))) as tcp:
            with context.wrap_socket(tcp, server_hostname=name, session=session) as tls:
                words(tls)
                tls.sendall(b"hello\n")
                # The request, if any, is answered in the read of what follows it.
                while said := line(tls):
                    tls.sendall(said.upper().encode())
                session = tls.session


def server(certificate, key, version, *authority):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.minimum_version = context.maximum_version = VERSIONS[version]
    if authority:
        context.load_verify_locations(authority[0])
        context.verify_mode = ssl.CERT_REQUIRED
        context.post_handshake_auth = True
    with socket.create_server(("127.0.0.1", 0)) as listening:
        print(listening.getsockname()[1], flush=True)
        with listening.accept()[0] as tcp, context.wrap_socket(tcp, server_side=True) as tls:
            words(tls)
            line(tls)
            if authority:
                tls.verify_client_post_handshake()
                tls.sendall(b"asked\n")
                line(tls)
                print(dict(pair for entry in tls.getpeercert()["subject"] for pair in entry)["commonName"], flush=True)


{"client": client, "server": server}[sys.argv[1]](*sys.argv[2:])
