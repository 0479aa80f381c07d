"""Terminates TLS before a local endpoint: `tls.py FOLDER HOST:PORT`.

Makes a certificate authority, writes it to FOLDER/ca.pem, and prints the port on which 127.0.0.1 is served with a
certificate of that authority. Ends with its standard input.
"""

import datetime
import ipaddress
import os
import pathlib
import socket
import ssl
import sys
import threading

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

folder = pathlib.Path(sys.argv[1])
host, port = sys.argv[2].rsplit(":", 1)


def name(text):
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def signed(builder, subject, key, issuer, signer):
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = builder.subject_name(name(subject)).issuer_name(name(issuer)).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - datetime.timedelta(hours=1)).not_valid_after(now + datetime.timedelta(days=1))
    return builder.sign(signer, hashes.SHA256())


authority, server = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
ca = x509.CertificateBuilder().add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
ca = signed(ca, "tests", authority, "tests", authority)
names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
leaf = signed(x509.CertificateBuilder().add_extension(names, critical=False), "local", server, "tests", authority)

pem = serialization.Encoding.PEM
private = server.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
(folder / "ca.pem").write_bytes(ca.public_bytes(pem))
(folder / "server.pem").write_bytes(private + leaf.public_bytes(pem))
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(folder / "server.pem")


def pump(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    for one in (source, sink):
        try:
            one.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def serve(plain):
    try:
        inside = context.wrap_socket(plain, server_side=True)
        beyond = socket.create_connection((host, int(port)))
    except OSError:
        plain.close()
        return
    threading.Thread(target=pump, args=(inside, beyond), daemon=True).start()
    pump(beyond, inside)


listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
