"""Connects twice to a server, the second time with the session of the first, and prints what the second resumed.

resume.py PORT CA SERVER_NAME 1.2|1.3
"""
import socket
import ssl
import sys

port, authority, name, version = sys.argv[1:]
context = ssl.create_default_context(cafile=authority)
context.minimum_version = context.maximum_version = getattr(ssl.TLSVersion, "TLSv" + version.replace(".", "_"))


def connect(session):
    with socket.create_connection(("127.0.0.1", int(port))) as tcp:
        with context.wrap_socket(tcp, server_hostname=name, session=session) as tls:
            tls.sendall(b"hello\n")
            # In TLS 1.3 the ticket is read with the answer.
            answer = b""
            while not answer.endswith(b"\n"):
                piece = tls.recv(4096)
                if not piece:
                    raise SystemExit("the server ended")
                answer += piece
            return tls.session_reused, tls.session


first, session = connect(None)
second, _ = connect(session)
print(first, second)
