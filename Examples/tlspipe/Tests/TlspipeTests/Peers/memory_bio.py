"""Python's ssl.SSLObject over two descriptors: another implementation of sans-I/O TLS."""
import os
import ssl


class Pipe:
    def __init__(self, context, reading, writing, **arguments):
        self.reading, self.writing = reading, writing
        self.inbound, self.outbound = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.inbound, self.outbound, **arguments)

    def flush(self):
        data = self.outbound.read()
        while data:
            data = data[os.write(self.writing, data):]

    def call(self, operation, *arguments):
        while True:
            try:
                result = operation(*arguments)
                self.flush()
                return result
            except ssl.SSLWantReadError:
                self.flush()
                data = os.read(self.reading, 65536)
                self.inbound.write(data) if data else self.inbound.write_eof()

    def do_handshake(self):
        self.call(self.tls.do_handshake)

    def read(self):
        try:
            return self.call(self.tls.read, 65536)
        except ssl.SSLZeroReturnError:
            return b""

    def write(self, data):
        while data:
            data = data[self.call(self.tls.write, data):]

    def close_notify(self):
        # unwrap() would wait for the peer's close_notify; only one call of SSL_shutdown is wanted.
        try:
            self.tls.unwrap()
        except ssl.SSLError:
            pass
        self.flush()
