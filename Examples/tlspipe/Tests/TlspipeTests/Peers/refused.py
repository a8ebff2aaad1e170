"""Connects with a client certificate, sends a line and prints the error that ends the connection.

refused.py PORT NAME VERSION CERTIFICATE KEY CA
"""
import socket
import ssl
import sys

port, name, version, certificate, key, ca = sys.argv[1:]
context = ssl.create_default_context(cafile=ca)
context.load_cert_chain(certificate, key)
only = ssl.TLSVersion.TLSv1_2 if version == "1.2" else ssl.TLSVersion.TLSv1_3
context.minimum_version = context.maximum_version = only
try:
    with socket.create_connection(("127.0.0.1", int(port))) as plain:
        with context.wrap_socket(plain, server_hostname=name) as tls:
            tls.sendall(b"hello\n")
            print("received", tls.recv(100))
except ssl.SSLError as error:
    print(error)
