"""Round trips or messages one way between two asyncio streams with TLS, over a Unix socket pair, in one process.

    asyncio_tls.py CERTIFICATE KEY round-trip|bulk COUNT

The certificate, for "localhost", is its own authority. The cipher suite is that of OPENSSL_CONF.
"""
import asyncio
import socket
import ssl
import sys


async def accept(loop, end, context):
    reader = asyncio.StreamReader(limit=1 << 16)
    protocol = asyncio.StreamReaderProtocol(reader)
    transport, _ = await loop.connect_accepted_socket(lambda: protocol, end, ssl=context)
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)


async def answer(reader, writer, size, count):
    for _ in range(count):
        writer.write(await reader.readexactly(size))
        await writer.drain()


async def discard(reader, count):
    while count > 0:
        count -= len(await reader.read(1 << 16))


async def main(certificate, key, work, count):
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)
    client = ssl.create_default_context(cafile=certificate)
    near, far = socket.socketpair()
    near.setblocking(False)
    far.setblocking(False)
    loop = asyncio.get_running_loop()
    accepted = asyncio.create_task(accept(loop, far, server))
    reader, writer = await asyncio.open_connection(sock=near, ssl=client, server_hostname="localhost")
    far_reader, far_writer = await accepted
    suite = writer.get_extra_info("ssl_object").cipher()[0]
    if suite != "TLS_AES_128_GCM_SHA256":
        sys.exit(f"asyncio negotiated {suite}")
    if work == "round-trip":
        message = b"Z" * 64
        answering = asyncio.create_task(answer(far_reader, far_writer, len(message), count))
        for _ in range(count):
            writer.write(message)
            await writer.drain()
            await reader.readexactly(len(message))
        await answering
    else:
        message = b"Z" * 65536
        discarding = asyncio.create_task(discard(far_reader, count * len(message)))
        for _ in range(count):
            writer.write(message)
            await writer.drain()
        await discarding
    for each in writer, far_writer:
        each.transport.abort()


asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))
