"""A TLS client that runs a server program over two pipes and sends it the bytes of its own standard input.

Arguments: CA file, server name, TLS version (1.2 or 1.3), then the server's command line. Prints what the server says.
"""
import ssl
import subprocess
import sys

from memory_bio import Pipe

context = ssl.create_default_context(cafile=sys.argv[1])
context.minimum_version = context.maximum_version = {
    "1.2": ssl.TLSVersion.TLSv1_2,
    "1.3": ssl.TLSVersion.TLSv1_3,
}[sys.argv[3]]

server = subprocess.Popen(sys.argv[4:], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
tls = Pipe(context, server.stdout.fileno(), server.stdin.fileno(), server_hostname=sys.argv[2])
tls.do_handshake()
tls.write(sys.stdin.buffer.read())
tls.close_notify()
while data := tls.read():
    sys.stdout.buffer.write(data)
server.stdin.close()
sys.exit(server.wait())
